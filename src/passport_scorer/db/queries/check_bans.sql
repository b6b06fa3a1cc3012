-- Bans whose address is not in lower case; the first thousand.
SELECT id, address AS text
FROM ceramic_cache_ban
WHERE address !~ '^(0x[0-9a-f]{40})?$'
ORDER BY id
LIMIT 1000
