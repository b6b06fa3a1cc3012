-- Uses a nonce up. Of any number of callers at once one gets its row: the others wait for that
-- one's change, look again, and find the nonce used.
UPDATE account_nonce
SET was_used = true
WHERE nonce = $1 AND NOT was_used AND (expires_on IS NULL OR expires_on > $2)
RETURNING id
