-- Writes a batch of decisions, all or none, in one round trip.
--
-- A decision conflicts if its snapshot is out of date: another request has scored the same passport
-- (the version of its score row, or the row itself, is not the one that was read) or claimed one
-- of its nullifiers, or a stamp that it registers has changed. A score row that another
-- transaction has locked conflicts, too, so that a batch never waits for one of its members.
--
-- The returned rows name the decisions that conflict, or else give a hash of what each score row
-- says now, for `touch_scores.sql`. If there are conflicts, nothing that the statement
-- wrote can stay, and its transaction can't be committed: see `event`.
--
-- Rows are locked in one order (passports, scores, links, each sorted), so that two of these
-- statements can't wait for each other.
WITH decision AS (
    SELECT *
    FROM unnest(
        $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::numeric[],
        $7::timestamptz[], $8::timestamptz[], $9::jsonb[], $10::jsonb[], $11::jsonb[],
        $12::text[], $13::text[]
    ) WITH ORDINALITY AS d (
        address, community_id, passport_id, score_id, score_version, score,
        computed_at, expires_at, evidence, stamp_scores, stamps,
        computed_at_shown, expires_at_shown, ordinal
    )
), locked AS MATERIALIZED (
    -- Lock all scores in order before changing any; an UPDATE alone would lock them in the order
    -- of its plan.
    SELECT s.id
    FROM registry_score AS s
    WHERE s.id = ANY ($4)
    ORDER BY s.id
    FOR NO KEY UPDATE SKIP LOCKED
), new_passport AS (
    INSERT INTO registry_passport (address, community_id)
    SELECT decision.address, decision.community_id
    FROM decision
    WHERE decision.passport_id IS NULL
    ORDER BY decision.address, decision.community_id
    ON CONFLICT (address, community_id) DO NOTHING
    RETURNING id, address, community_id
), target AS (
    SELECT decision.*, coalesce(decision.passport_id, new_passport.id) AS target_id
    FROM decision
    LEFT JOIN new_passport
        ON new_passport.address = decision.address
        AND new_passport.community_id = decision.community_id
), new_score AS (
    INSERT INTO registry_score AS s (
        passport_id, score, status, last_score_timestamp, expiration_date, error,
        evidence, stamp_scores, stamps
    )
    SELECT
        target.target_id, target.score, 'DONE', target.computed_at, target.expires_at, NULL,
        target.evidence, target.stamp_scores, target.stamps
    FROM target
    WHERE target.score_id IS NULL AND target.target_id IS NOT NULL
    ORDER BY target.target_id
    ON CONFLICT (passport_id) DO NOTHING
    RETURNING
        s.id,
        s.passport_id,
        -- Insert: score_content (s)
        AS content
), changed_score AS (
    UPDATE registry_score AS s
    SET score = target.score,
        status = 'DONE',
        last_score_timestamp = target.computed_at,
        expiration_date = target.expires_at,
        error = NULL,
        evidence = target.evidence,
        stamp_scores = target.stamp_scores,
        stamps = target.stamps
    FROM target
    JOIN locked ON locked.id = target.score_id
    WHERE s.id = target.score_id
        AND s.xmin::text = target.score_version
        -- Known already, but so the planner can't read all scores for the join.
        AND s.id = ANY ($4)
    RETURNING
        s.id,
        s.passport_id,
        -- Insert: score_content (s)
        AS content
), scored AS MATERIALIZED (
    SELECT
        target.ordinal, target.address, target.community_id, target.score, target.computed_at,
        target.evidence, target.stamp_scores, target.stamps, target.computed_at_shown,
        target.expires_at_shown, target.target_id AS passport_id, written.id AS score_id,
        written.content
    FROM target
    JOIN (TABLE new_score UNION ALL TABLE changed_score) AS written
        ON written.passport_id = target.target_id
), current AS MATERIALIZED (
    -- Nothing below is written before every score is, or if one of them conflicts.
    SELECT count(*) = cardinality($1) AS holds FROM scored
), change AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::timestamptz[], $19::boolean[]
    ) AS c (ordinal, community_id, nullifier, address, expires_at, is_claim)
), link AS (
    INSERT INTO registry_hashscorerlink AS l (hash, address, community_id, expires_at)
    SELECT change.nullifier, change.address, change.community_id, change.expires_at
    FROM change
    WHERE (SELECT holds FROM current)
    ORDER BY change.community_id, change.nullifier
    ON CONFLICT (hash, community_id) DO UPDATE
    SET address = excluded.address, expires_at = excluded.expires_at
    -- Any address can take an expired link. A live one changes only by its owner's own claim.
    WHERE l.expires_at <= $20::timestamptz
        OR (
            l.address = excluded.address
            AND EXISTS (
                SELECT
                FROM change
                WHERE change.is_claim
                    AND change.community_id = excluded.community_id
                    AND change.nullifier = excluded.hash
            )
        )
    RETURNING l.hash, l.community_id
), unregistered AS (
    DELETE FROM registry_stamp AS s
    WHERE s.id = ANY ($21::bigint[]) AND (SELECT holds FROM current)
), wanted AS MATERIALIZED (
    SELECT *
    FROM unnest($22::bigint[], $23::bigint[], $24::text[], $25::text[])
        AS w (ordinal, row_id, row_version, provider)
), registered AS (
    INSERT INTO registry_stamp (passport_id, provider, credential)
    SELECT scored.passport_id, source.provider, source.stamp
    FROM wanted
    JOIN scored ON scored.ordinal = wanted.ordinal
    JOIN ceramic_cache_ceramiccache AS source
        ON source.id = wanted.row_id AND source.xmin::text = wanted.row_version
    WHERE source.id = ANY ($23) -- as above
        AND (SELECT holds FROM current)
    RETURNING passport_id, provider
), conflict AS MATERIALIZED (
    SELECT decision.ordinal
    FROM decision
    WHERE NOT EXISTS (SELECT FROM scored WHERE scored.ordinal = decision.ordinal)
    UNION ALL
    SELECT change.ordinal
    FROM change
    LEFT JOIN link ON link.hash = change.nullifier AND link.community_id = change.community_id
    WHERE (SELECT holds FROM current) AND change.is_claim AND link.hash IS NULL
    UNION ALL
    SELECT wanted.ordinal
    FROM wanted
    LEFT JOIN registered
        ON registered.passport_id = (SELECT passport_id FROM scored WHERE ordinal = wanted.ordinal)
        AND registered.provider = wanted.provider
    WHERE (SELECT holds FROM current) AND registered.provider IS NULL
), event AS (
    INSERT INTO registry_event (action, address, created_at, community_id, data)
    SELECT 'LDP', scored.address, scored.computed_at, scored.community_id, clash.data
    FROM unnest($26::bigint[], $27::jsonb[]) AS clash (ordinal, data)
    JOIN scored ON scored.ordinal = clash.ordinal
    WHERE (SELECT holds FROM current)
    UNION ALL
    SELECT
        'SCU', scored.address, scored.computed_at, scored.community_id,
        jsonb_build_object(
            'model', 'registry.score',
            'pk', scored.score_id,
            'fields', jsonb_build_object(
                'passport', scored.passport_id,
                'score', scored.score::text,
                'last_score_timestamp', scored.computed_at_shown,
                'status', 'DONE',
                'error', NULL,
                'evidence', scored.evidence,
                'stamp_scores', scored.stamp_scores,
                'stamps', scored.stamps,
                'expiration_date', scored.expires_at_shown
            )
        )
    FROM scored
    WHERE (SELECT holds FROM current)
    UNION ALL
    -- If a decision conflicts: no community has such an id, and the foreign key is checked when the
    -- transaction ends, which rolls it back. An error that ends the statement itself would write
    -- its whole text to the server's log, for each conflict. The bits of the id tell which
    -- decisions conflict.
    SELECT 'SCU', '', $20, -bit_or(1::bigint << (conflict.ordinal - 1)::integer), '{}'
    FROM conflict
    HAVING count(*) > 0
), qualified AS (
    INSERT INTO registry_humanpointscommunityqualifiedusers (address, community_id)
    SELECT scored.address, scored.community_id
    FROM unnest($28::bigint[]) AS newly (ordinal)
    JOIN scored ON scored.ordinal = newly.ordinal
    WHERE (SELECT holds FROM current)
    ORDER BY scored.address, scored.community_id
    ON CONFLICT DO NOTHING
), point AS (
    INSERT INTO registry_humanpoints (address, action, timestamp, tx_hash, chain_id, provider)
    SELECT scored.address, award.action, scored.computed_at, award.tx_hash, 0, award.provider
    FROM unnest($29::bigint[], $30::text[], $31::text[], $32::text[])
        AS award (ordinal, action, provider, tx_hash)
    JOIN scored ON scored.ordinal = award.ordinal
    WHERE (SELECT holds FROM current)
    ORDER BY scored.address, award.action, award.provider, award.tx_hash
    ON CONFLICT DO NOTHING
)
SELECT conflict.ordinal, NULL::bigint AS content
FROM conflict
UNION ALL
SELECT scored.ordinal, scored.content
FROM scored
WHERE NOT EXISTS (SELECT FROM conflict)
