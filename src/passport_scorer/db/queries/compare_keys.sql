-- The columns of API keys that the service updates, without hashes, for comparison with another
-- database.
SELECT prefix, account_id, revoked, hashed_key_sha256 IS NOT NULL AS migrated
FROM account_accountapikey
ORDER BY prefix COLLATE "C"
