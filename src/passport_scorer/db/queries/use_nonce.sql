-- Uses a nonce up. Of any number of concurrent callers, one gets the row: the others wait for its
-- update, check again, and find the nonce used.
UPDATE account_nonce
SET was_used = true
WHERE nonce = $1 AND NOT was_used AND (expires_on IS NULL OR expires_on > $2)
RETURNING id
