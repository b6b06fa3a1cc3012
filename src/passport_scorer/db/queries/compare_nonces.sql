-- All nonces, for comparison with another database.
SELECT nonce, was_used, created_on, expires_on
FROM account_nonce
ORDER BY nonce COLLATE "C"
