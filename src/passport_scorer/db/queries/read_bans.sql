-- The bans on one address (in any of the spellings $1; empty: no address) or on these hashes ($2),
-- expired ones included.
SELECT id, type, address, provider, hash, end_time, reason
FROM ceramic_cache_ban
WHERE address = ANY ($1::text[]) OR hash = ANY ($2::text[])
