-- Many rows of everything that grows with addresses, partners or time, and few of the rest.
--
-- An address is the digest of its number, so that neighbors in an index lie anywhere in the
-- table, as with real ones. Its ten stamps are scored in two communities: all of them in
-- community 1, and in one out of the others. The settings test.people and test.partners are the
-- numbers of addresses, and of partners with a community each.

-- No foreign keys are checked: that would take longer than everything else.
SET session_replication_role = replica;
SET synchronous_commit = off;

CREATE OR REPLACE FUNCTION pg_temp.address(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT '0x' || left(encode(sha256(n::text::bytea), 'hex'), 40) $$;
CREATE OR REPLACE FUNCTION pg_temp.other_community(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT 2 + n % 3000 $$;
DROP TABLE IF EXISTS person, held;
CREATE TEMPORARY TABLE person AS
    SELECT n, pg_temp.address(n) AS address
    FROM generate_series(1, current_setting('test.people')::integer) AS n;
CREATE TEMPORARY TABLE held AS
    SELECT person.n, person.address, k,
        'Provider' || k AS provider,
        'v0.0.0:' || encode(sha256((person.n || '/' || k)::bytea), 'base64') AS nullifier
    FROM person, generate_series(1, 10) AS k;

-- Partners: an account with a community and four keys each.
INSERT INTO auth_user
SELECT n, '!', NULL, false, 'user ' || n, '', '', '', false, true, now()
FROM generate_series(1, current_setting('test.partners')::integer) AS n;

INSERT INTO account_account SELECT n, pg_temp.address(-n), n FROM generate_series(1, current_setting('test.partners')::integer) AS n;

INSERT INTO account_accountapikey (
    id, prefix, hashed_key, created, name, revoked, account_id, rate_limit,
    create_scorers, read_scores, submit_passports, historical_endpoint
)
SELECT
    'id' || n, 'key' || n, 'hash', now(), '', false, 1 + (n - 1) % current_setting('test.partners')::integer, '5/1m',
    false, true, false, true
FROM generate_series(1, 4 * current_setting('test.partners')::integer) AS n;

INSERT INTO scorer_weighted_scorer
SELECT n, CASE n % 2 WHEN 1 THEN 'WEIGHTED_BINARY' ELSE 'WEIGHTED' END, false
FROM generate_series(1, current_setting('test.partners')::integer) AS n;
INSERT INTO scorer_weighted_binaryweightedscorer
SELECT n, '{"Provider1": "1.5"}', 20 FROM generate_series(1, current_setting('test.partners')::integer, 2) AS n;
INSERT INTO scorer_weighted_weightedscorer
SELECT n, '{"Provider1": "1.5"}', 0 FROM generate_series(2, current_setting('test.partners')::integer, 2) AS n;

INSERT INTO account_community (
    id, name, description, account_id, scorer_id, rule, human_points_program, external_scorer_id
)
SELECT n, 'community ' || n, '', n, n, 'LIFO', n = 1, 'external' || n
FROM generate_series(1, current_setting('test.partners')::integer) AS n;

INSERT INTO account_nonce (nonce, created_on, was_used, expires_on)
SELECT md5(n::text), now(), false, now() + interval '1 hour' FROM generate_series(1, 4 * current_setting('test.partners')::integer) AS n;

-- The stamp store: what is live, and what it has replaced.
INSERT INTO ceramic_cache_ceramiccache (
    address, provider, stamp, created_at, updated_at, deleted_at, type, compose_db_save_status,
    compose_db_stream_id, proof_value, issuance_date, expiration_date
)
SELECT
    address, provider,
    jsonb_build_object('credentialSubject', jsonb_build_object('nullifiers', ARRAY[nullifier])),
    now(), now(), CASE WHEN age > 0 THEN now() - age * interval '1 day' END, 1, 'pending',
    '', md5(nullifier), now(), now() + interval '90 days'
FROM held, generate_series(0, 1) AS age
WHERE age = 0 OR k <= 2;

INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id)
SELECT proof_value, id FROM ceramic_cache_ceramiccache WHERE id % 10 = 0;

INSERT INTO ceramic_cache_ban (provider, hash, address, created_at, type)
SELECT '', '', address, now(), 'account' FROM person
UNION ALL
SELECT '', nullifier, '', now(), 'hash' FROM held WHERE k = 1;

-- The rows that scoring writes.
INSERT INTO registry_passport (address, community_id)
SELECT address, 1 FROM person
UNION ALL
SELECT address, pg_temp.other_community(n) FROM person;

INSERT INTO registry_score (passport_id, score, status, last_score_timestamp, stamps)
SELECT id, 1, 'DONE', now(), '{}' FROM registry_passport;

INSERT INTO registry_stamp (passport_id, provider, credential)
SELECT passport.id, stamp.provider, stamp.stamp
FROM registry_passport AS passport
JOIN ceramic_cache_ceramiccache AS stamp
    ON stamp.address = passport.address AND stamp.deleted_at IS NULL
WHERE passport.community_id = 1;

INSERT INTO registry_hashscorerlink (hash, address, community_id, expires_at)
SELECT nullifier, address, 1, now() + interval '90 days' FROM held
UNION ALL
SELECT nullifier, address, pg_temp.other_community(n), now() + interval '90 days' FROM held
WHERE k <= 5;

INSERT INTO registry_event (action, address, created_at, data, community_id)
SELECT 'SCU', address, now() - age * interval '1 day', '{}', 1
FROM person, generate_series(1, 5) AS age;

-- Human Points, with a capped action.
INSERT INTO registry_humanpoints (address, action, timestamp, tx_hash, chain_id, provider)
SELECT address, action, now(), '', 0, ''
FROM person, unnest(ARRAY['SCB', 'ASP', 'PMT']) AS action
UNION ALL
SELECT address, action, now(), '', 0, ''
FROM person, unnest(ARRAY['MTA', 'MM2']) AS action
WHERE n > current_setting('test.people')::integer - 50;
INSERT INTO registry_humanpointscommunityqualifiedusers (address, community_id)
SELECT address, 1 FROM person;
INSERT INTO registry_humanpointsmultiplier SELECT address, 2 FROM person;
INSERT INTO registry_humanpointsconfig (action, points, active)
SELECT action, 100, true FROM unnest(ARRAY['SCB', 'ASP', 'PMT', 'MTA', 'MM2']) AS action;

-- Lists of addresses, and what communities have of their own.
INSERT INTO account_addresslist (id, name)
SELECT n, name
FROM unnest(ARRAY['MetaMaskOG', 'MetaMaskOG2', 'SeasonedPassportOGs', 'TheChosenOnes', 'ours'])
    WITH ORDINALITY AS list (name, n);
INSERT INTO account_addresslistmember (address, list_id)
SELECT address, list_id FROM person, generate_series(1, 5) AS list_id;
INSERT INTO account_customization (
    id, path, scorer_id, use_custom_dashboard_panel, body_display_info_tooltip,
    button_action_type, show_explanation_panel, partner_name, nav_order, show_in_top_nav
)
SELECT n, 'path' || n, n, false, false, '', false, '', n, false FROM generate_series(1, 20) AS n;
INSERT INTO account_allowlist (weight, address_list_id, customization_id)
SELECT 1, 5, n FROM generate_series(1, 20) AS n;
INSERT INTO account_customplatform (id, platform_type, name, is_evm) VALUES (1, 'DEVEL', '', true);
INSERT INTO account_customcredentialruleset (id, credential_type, definition, name, provider_id)
SELECT n, 'DEVEL', '{}', 'rule set ' || n, 'DeveloperList#' || n FROM generate_series(1, 20) AS n;
INSERT INTO account_customcredential (
    weight, display_name, customization_id, platform_id, ruleset_id
)
SELECT 1, '', n, 1, n FROM generate_series(1, 20) AS n;
INSERT INTO registry_platformmetadata (id, platform_id, name)
SELECT n, 'platform ' || n, '' FROM generate_series(1, 30) AS n;
INSERT INTO account_embedsectionheader (id, name)
SELECT n, 'section ' || n FROM generate_series(1, 5) AS n;
INSERT INTO account_embedsectionorder ("order", customization_id, section_id)
SELECT section, customization, section
FROM generate_series(1, 20) AS customization, generate_series(1, 5) AS section;
INSERT INTO account_embedstampplatform ("order", customization_id, section_id, platform_id)
SELECT platform, customization, 1 + platform % 5, platform
FROM generate_series(1, 20) AS customization, generate_series(1, 10) AS platform;

-- Stakes: each address on itself and on a neighbor, in both systems.
INSERT INTO stake_stake (
    chain, lock_time, unlock_time, last_updated_in_block, staker, stakee, current_amount
)
SELECT 1, now(), now(), 1, address, pg_temp.address(n + other), 5
FROM person, generate_series(0, 1) AS other;
INSERT INTO registry_gtcstakeevent (
    event_type, round_id, staker, address, amount, staked, block_number, tx_hash
)
SELECT 'SelfStake', round_id, address, pg_temp.address(n + other), 5, true, 1, ''
FROM person, generate_series(0, 1) AS other, generate_series(1, 2) AS round_id;

-- Contributions to grants.
INSERT INTO cgrants_contribution (id, data, subscription_id, success, amount_per_period_usdt)
SELECT n, '{}', 1, true, 1 FROM generate_series(1, 4 * current_setting('test.partners')::integer) AS n;
INSERT INTO cgrants_grantcontributionindex (
    round_num, amount, contribution_id, grant_id, profile_id, contributor_address
)
SELECT 1, 1, 2 * n - other, other, n, address FROM person, generate_series(0, 1) AS other;
INSERT INTO cgrants_protocolcontributions (ext_id, contributor, round, project, amount, data)
SELECT address || project, address, 'round ' || n % 20, 'project' || project, project, '{}'
FROM person, generate_series(1, 3) AS project;
INSERT INTO cgrants_squelchedaccounts (
    address, score_when_squelched, sybil_signal, round_number
)
SELECT address, 1, true, n % 20 FROM person;
INSERT INTO cgrants_roundmapping (round_number, round_eth_address)
SELECT n, 'round ' || n FROM generate_series(1, 20) AS n;

SET session_replication_role = DEFAULT;
