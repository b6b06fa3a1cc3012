-- Touches a batch of scores, in one round trip: a score whose inputs are all unchanged gets a new
-- time and a new event, and nothing else.
--
-- The caller has decided each score before, and cached the result with the versions of every row
-- that it depends on: the API key, the community and its scorer, dynamic weights, stamps,
-- registered stamps, links, and what the score row says. Here all of them are compared with the
-- database. A request for which something differs is missing from the answer, nothing is written
-- for it, and the caller starts from the beginning (`read_scoring.sql`).
--
-- A version is the id of a row with its xmin, which changes whenever the row does. The score row
-- changes with each touch, by any process, so its content is compared instead, as a hash.
--
-- Unlike `write_scoring.sql`, a score that another transaction has locked is not a conflict:
-- it is left out like one that differs. Rows are locked in the same order.
--
-- How each table is searched: docs/decisions/0041-plans-without-statistics.md.
WITH request AS (
    -- One document instead of many arrays: the driver looks at each element of an array in Python.
    SELECT *
    FROM ROWS FROM (
        jsonb_to_recordset($1::jsonb) AS (
            address text, community_id bigint, key_prefix text, key_version text,
            external_scorer_id text, scorer text, dynamic_weights text, stamps text, links text,
            link_ids bigint[], unlinked text[], content bigint, expires_at_shown text
        )
    ) WITH ORDINALITY AS r (
        address, community_id, key_prefix, key_version,
        external_scorer_id, scorer_version, dynamic_weights, stamps_version, links_version,
        link_ids, unlinked, content, expires_at_shown, ordinal
    )
), unchanged AS MATERIALIZED (
    SELECT
        request.ordinal, request.address, request.community_id, request.content,
        request.expires_at_shown, score.id AS score_id
    FROM request
    LEFT JOIN LATERAL (
        SELECT k.id || ':' || k.xmin AS version
        FROM account_accountapikey AS k
        WHERE k.prefix = request.key_prefix
        LIMIT 1
    ) AS key ON true
    CROSS JOIN LATERAL (
        SELECT c.id, c.xmin, c.account_id, c.scorer_id
        FROM account_community AS c
        WHERE c.id = request.community_id
        LIMIT 1
    ) AS community
    -- An external id takes precedence over an id: another community can have got it since.
    LEFT JOIN LATERAL (
        SELECT c.id, c.account_id
        FROM account_community AS c
        WHERE c.external_scorer_id = request.external_scorer_id
        LIMIT 1
    ) AS named ON true
    CROSS JOIN LATERAL
        -- Insert: scorer_of (community)
    AS scorer
    CROSS JOIN LATERAL (
        SELECT
            -- Insert: dynamic_weights (community)
            AS weights
        OFFSET 0
    ) AS dynamic
    CROSS JOIN LATERAL (
        SELECT p.id, p.address, p.community_id
        FROM registry_passport AS p
        WHERE (p.address, p.community_id) >= (request.address, request.community_id)
        ORDER BY p.address, p.community_id
        LIMIT 1
    ) AS passport
    CROSS JOIN LATERAL (
        SELECT s.id
        FROM registry_score AS s
        WHERE s.passport_id = passport.id
        LIMIT 1
    ) AS score
    CROSS JOIN LATERAL (
        SELECT string_agg(c.id || ':' || c.xmin, ' ' ORDER BY c.id) AS version
        FROM (
            SELECT live.id, live.xmin
            FROM ceramic_cache_ceramiccache AS live
            WHERE live.address = request.address
                AND live.type = 1
                AND
                -- Insert: is_live (live)
            LIMIT 1001
        ) AS c
    ) AS stamp
    CROSS JOIN LATERAL
        -- Insert: registered_stamps (passport)
    AS registered
    CROSS JOIN LATERAL (
        SELECT coalesce(string_agg(l.id || ':' || l.xmin, ' ' ORDER BY l.id), '') AS version
        FROM registry_hashscorerlink AS l
        WHERE l.id = ANY (request.link_ids)
    ) AS link
    CROSS JOIN LATERAL (
        SELECT count(*) AS count
        FROM unnest(request.unlinked) AS unlinked (nullifier)
        CROSS JOIN LATERAL (
            SELECT l.hash, l.community_id
            FROM registry_hashscorerlink AS l
            WHERE (l.hash, l.community_id) >= (unlinked.nullifier, request.community_id)
            ORDER BY l.hash, l.community_id
            LIMIT 1
        ) AS l
        WHERE l.hash = unlinked.nullifier AND l.community_id = request.community_id
    ) AS claimed
    CROSS JOIN LATERAL (
        SELECT
            -- Insert: is_revocation_possible (request)
            AS is_possible
        OFFSET 0
    ) AS revocation
    WHERE passport.address = request.address
        AND passport.community_id = request.community_id
        AND (request.key_prefix IS NULL OR key.version = request.key_version)
        AND (
            named.id IS NULL
            OR named.id = community.id
            OR named.account_id <> community.account_id
        )
        AND scorer.version = request.scorer_version
        AND dynamic.weights IS NOT DISTINCT FROM request.dynamic_weights
        AND concat(stamp.version, '/', registered.version) = request.stamps_version
        AND link.version = request.links_version
        AND claimed.count = 0
        AND revocation.is_possible IS NOT TRUE
), locked AS MATERIALIZED (
    -- Compared here, so that a row that has changed since the snapshot is compared as it is now.
    SELECT
        unchanged.ordinal, unchanged.address, unchanged.community_id, unchanged.expires_at_shown,
        score.id AS score_id
    FROM (SELECT * FROM unchanged ORDER BY unchanged.score_id) AS unchanged
    CROSS JOIN LATERAL (
        SELECT s.id
        FROM registry_score AS s
        WHERE s.id = unchanged.score_id
            AND
            -- Insert: score_content (s)
            = unchanged.content
            -- The time of a score never goes back.
            AND s.last_score_timestamp <= $2::timestamptz
        LIMIT 1
        FOR NO KEY UPDATE OF s SKIP LOCKED
    ) AS score
), touched AS (
    UPDATE registry_score AS score
    SET last_score_timestamp = $2::timestamptz
    FROM locked
    WHERE score.id = locked.score_id
        AND score.id = ANY (ARRAY(SELECT locked.score_id FROM locked))
    RETURNING
        locked.ordinal, locked.address, locked.community_id, locked.expires_at_shown,
        score.id, score.passport_id, score.score, score.evidence, score.stamp_scores, score.stamps
), event AS (
    INSERT INTO registry_event (action, address, created_at, community_id, data)
    SELECT
        'SCU', touched.address, $2::timestamptz, touched.community_id,
        jsonb_build_object(
            'model', 'registry.score',
            'pk', touched.id,
            'fields', jsonb_build_object(
                'passport', touched.passport_id,
                'score', trim_scale(touched.score)::text,
                'last_score_timestamp', $3::text,
                'status', 'DONE',
                'error', NULL,
                'evidence', touched.evidence,
                'stamp_scores', touched.stamp_scores,
                'stamps', touched.stamps,
                'expiration_date', touched.expires_at_shown
            )
        )
    FROM touched
    ORDER BY touched.ordinal
)
SELECT touched.ordinal FROM touched
