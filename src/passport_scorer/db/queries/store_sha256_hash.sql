-- Once: a SHA-256 hash is never replaced.
UPDATE account_accountapikey
SET hashed_key_sha256 = $2
WHERE id = $1 AND hashed_key_sha256 IS NULL
