-- Revocations whose proof value is hexadecimal, but not `0x` and lower case; the first thousand.
SELECT id, proof_value AS text
FROM ceramic_cache_revocation
WHERE proof_value ~ '^(0[xX])?[0-9a-fA-F]+$'
    AND proof_value !~ '^0x[0-9a-f]+$'
    AND (proof_value !~ '^0x' OR substr(proof_value, 3) <> upper(substr(proof_value, 3)))
ORDER BY id
LIMIT 1000
