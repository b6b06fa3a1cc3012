-- A nonce that hasn't been used yet.
INSERT INTO account_nonce (nonce, created_on, was_used, expires_on)
VALUES ($1, $2, false, $3)
