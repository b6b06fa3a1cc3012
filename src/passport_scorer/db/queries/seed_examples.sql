-- Inserts the rows of the documentation's examples; $1 is an object: table -> rows. Resets the
-- nonce of the sign-in example, so that it can be used again.
WITH nonces AS (
    INSERT INTO account_nonce
    SELECT * FROM jsonb_populate_recordset(NULL::account_nonce, $1::jsonb -> 'account_nonce')
    ON CONFLICT (nonce) DO UPDATE SET was_used = false
), events AS (
    INSERT INTO registry_event
    SELECT * FROM jsonb_populate_recordset(NULL::registry_event, $1 -> 'registry_event')
    ON CONFLICT DO NOTHING
), bans AS (
    INSERT INTO ceramic_cache_ban
    SELECT * FROM jsonb_populate_recordset(NULL::ceramic_cache_ban, $1 -> 'ceramic_cache_ban')
    ON CONFLICT DO NOTHING
), stamps AS (
    INSERT INTO ceramic_cache_ceramiccache
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::ceramic_cache_ceramiccache, $1 -> 'ceramic_cache_ceramiccache'
    )
    ON CONFLICT DO NOTHING
), revocations AS (
    INSERT INTO ceramic_cache_revocation
    SELECT *
    FROM jsonb_populate_recordset(NULL::ceramic_cache_revocation, $1 -> 'ceramic_cache_revocation')
    ON CONFLICT DO NOTHING
), lists AS (
    INSERT INTO account_addresslist
    SELECT * FROM jsonb_populate_recordset(NULL::account_addresslist, $1 -> 'account_addresslist')
    ON CONFLICT DO NOTHING
), members AS (
    INSERT INTO account_addresslistmember
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::account_addresslistmember, $1 -> 'account_addresslistmember'
    )
    ON CONFLICT DO NOTHING
), rulesets AS (
    INSERT INTO account_customcredentialruleset
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::account_customcredentialruleset, $1 -> 'account_customcredentialruleset'
    )
    ON CONFLICT DO NOTHING
), platforms AS (
    INSERT INTO registry_platformmetadata
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::registry_platformmetadata, $1 -> 'registry_platformmetadata'
    )
    ON CONFLICT DO NOTHING
), customizations AS (
    INSERT INTO account_customization
    SELECT *
    FROM jsonb_populate_recordset(NULL::account_customization, $1 -> 'account_customization')
    ON CONFLICT DO NOTHING
), headers AS (
    INSERT INTO account_embedsectionheader
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::account_embedsectionheader, $1 -> 'account_embedsectionheader'
    )
    ON CONFLICT DO NOTHING
), sections AS (
    INSERT INTO account_embedsectionorder
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::account_embedsectionorder, $1 -> 'account_embedsectionorder'
    )
    ON CONFLICT DO NOTHING
), section_items AS (
    INSERT INTO account_embedstampplatform
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::account_embedstampplatform, $1 -> 'account_embedstampplatform'
    )
    ON CONFLICT DO NOTHING
), stakes AS (
    INSERT INTO stake_stake
    SELECT * FROM jsonb_populate_recordset(NULL::stake_stake, $1 -> 'stake_stake')
    ON CONFLICT DO NOTHING
), stake_events AS (
    INSERT INTO registry_gtcstakeevent
    SELECT *
    FROM jsonb_populate_recordset(NULL::registry_gtcstakeevent, $1 -> 'registry_gtcstakeevent')
    ON CONFLICT DO NOTHING
), contributions AS (
    INSERT INTO cgrants_protocolcontributions
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::cgrants_protocolcontributions, $1 -> 'cgrants_protocolcontributions'
    )
    ON CONFLICT DO NOTHING
)
SELECT jsonb_array_length($1 -> 'account_nonce') AS nonces
