-- Bans whose address is not in lower case; the first hundred thousand. Most have a valid checksum,
-- which only the caller can check.
SELECT id, address AS text
FROM ceramic_cache_ban
WHERE address !~ '^(0x[0-9a-f]{40})?$'
ORDER BY id
LIMIT 100000
