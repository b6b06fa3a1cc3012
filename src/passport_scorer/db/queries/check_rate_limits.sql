-- The rate limits of API keys that are not revoked, except those in the plainest form.
SELECT
    key.prefix,
    limited.column_name,
    limited.rate_limit
FROM account_accountapikey AS key
CROSS JOIN LATERAL (
    VALUES
        ('rate_limit', key.rate_limit),
        ('analysis_rate_limit', key.analysis_rate_limit),
        ('embed_rate_limit', key.embed_rate_limit)
) AS limited (column_name, rate_limit)
WHERE
    NOT key.revoked
    AND limited.rate_limit <> ''
    AND limited.rate_limit !~ '^[0-9]{1,9}/[1-9][0-9]{0,4}[smhd]$'
ORDER BY key.prefix, limited.column_name
