-- The bans that may lie on credentials of one address ($1; null: there is no address) with these
-- hashes ($2), those that have ended included.
SELECT id, type, address, provider, hash, end_time, reason
FROM ceramic_cache_ban
WHERE address = $1::text OR hash = ANY ($2::text[])
