-- The number of accounts with an address other than these ($1).
SELECT count(*) AS count
FROM account_account
WHERE address <> ALL ($1::text[])
