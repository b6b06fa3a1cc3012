-- The first revocation whose proof value is not smaller than a text: without statistics, nothing
-- else makes PostgreSQL use the index.
SELECT r.proof_value
FROM ceramic_cache_revocation AS r
WHERE r.proof_value >= $text
ORDER BY r.proof_value
LIMIT 1
