-- Revocations whose proof value is hexadecimal in mixed letter case; the first thousand.
SELECT id, proof_value AS text
FROM ceramic_cache_revocation
WHERE proof_value ~ '^(0[xX])?[0-9a-fA-F]+$'
    AND proof_value <> lower(proof_value)
    AND substr(proof_value, 3) <> upper(substr(proof_value, 3))
ORDER BY id
LIMIT 1000
