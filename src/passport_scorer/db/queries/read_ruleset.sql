-- The definition of the custom credential with the first of these provider ids ($1) that exists.
SELECT definition::text AS definition
FROM account_customcredentialruleset
WHERE provider_id = ANY ($1::text[])
ORDER BY array_position($1, provider_id::text)
LIMIT 1
