-- The definition of the custom credential with one of these provider ids ($1), the first that
-- there is.
SELECT definition::text AS definition
FROM account_customcredentialruleset
WHERE provider_id = ANY ($1::text[])
ORDER BY array_position($1, provider_id::text)
LIMIT 1
