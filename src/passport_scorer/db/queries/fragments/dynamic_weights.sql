-- JSON text, provider -> weight: the weights of a community's customization; null without any.
SELECT jsonb_object_agg(d.provider, d.weight)::text
FROM account_customization AS customization
CROSS JOIN LATERAL (
    SELECT 'AllowList#' || list.name AS provider, allow.weight
    FROM account_allowlist AS allow
    JOIN account_addresslist AS list ON list.id = allow.address_list_id
    WHERE allow.customization_id = customization.id
    UNION ALL
    SELECT ruleset.provider_id, credential.weight
    FROM account_customcredential AS credential
    JOIN account_customcredentialruleset AS ruleset ON ruleset.id = credential.ruleset_id
    WHERE credential.customization_id = customization.id
) AS d
WHERE customization.scorer_id = $row.id
