-- The live, unrevoked stamps of an address, newest first.
SELECT c.id, c.address, c.provider, c.stamp::text AS stamp
FROM ceramic_cache_ceramiccache AS c
WHERE c.address = $1::text
    AND c.type = 1
    AND c.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM ceramic_cache_revocation AS r WHERE r.ceramic_cache_id = c.id)
ORDER BY c.id DESC
