-- The bans that may lie on credentials of one address (in any of the spellings $1; none: there is
-- no address) with these hashes ($2), those that have ended included.
SELECT id, type, address, provider, hash, end_time, reason
FROM ceramic_cache_ban
WHERE address = ANY ($1::text[]) OR hash = ANY ($2::text[])
