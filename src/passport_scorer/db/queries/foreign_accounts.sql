-- How many accounts there are but for these addresses.
SELECT count(*) AS count
FROM account_account
WHERE address <> ALL ($1::text[])
