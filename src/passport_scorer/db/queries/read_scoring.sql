-- Reads everything that the scores of a batch of requests depend on, in one round trip: one row
-- for each request, in any order.
--
-- A request names a community by its id ($4, an internal caller), or by the scorer id in the path
-- of a partner's request ($2 with $3) together with the prefix of the partner's API key ($1), to
-- whose account the community must then belong. The address is null to read only the key.
--
-- With a prefix, only the key is read unless $6 is one of its hashes: a request with a wrong
-- secret must not cost a read of documents. (The caller compares the hashes again, in constant
-- time; the duration of this one reveals something about a digest, which no client can choose.)
--
-- Bounds for rows that other programs have written: the latest 1,000 stamps of an address by
-- provider, documents of up to 65,536 bytes (a larger one is null), 64 nullifiers of a stamp.
-- Verification accepts no more than this, so the rest would never count.
--
-- A version is the ids of rows with their xmin, which changes whenever a row does;
-- `touch_scores.sql` compares them.
--
-- Revocations: first a check over all rows of the address together, deleted ones included, whether
-- a revocation is possible at all. The proof value of a document is compared with that of its row:
-- if they differ, `has_other_proofs` is true, and no version tells when the stamp is revoked.
--
-- `has_copies`: which documents a scorer has verified and registered before, with exactly this text,
-- in any of the first 20 communities of the address.
--
-- LIMIT and OFFSET in the subqueries, BETWEEN one value and itself, and rows compared by >= leave
-- PostgreSQL one index for each table, whatever it knows about the table
-- (docs/decisions/0041-plans-without-statistics.md).
--
-- Human Points are read for communities that take part; these parts are left out where points are
-- neither shown nor given.
WITH request AS (
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[],
        $6::text[]
    ) WITH ORDINALITY AS r (
        key_prefix, external_scorer_id, scorer_id, community_id, address,
        key_hash, ordinal
    )
)
SELECT
    request.ordinal,
    key.id AS key_id,
    key.hashed_key,
    key.hashed_key_sha256,
    key.revoked,
    key.expiry_date,
    key.read_scores,
    key.historical_endpoint,
    key.rate_limit,
    key.analysis_rate_limit,
    key.id || ':' || key.xmin AS key_version,
    community.id AS community_id,
    community.human_points_program,
    scorer.version AS scorer_version,
    scorer.weights,
    scorer.threshold,
    dynamic.weights AS dynamic_weights,
    passport.id AS passport_id,
    score.id AS score_id,
    score.xmin::text AS score_version,
    stamp.is_large,
    concat(stamp.version, '/', registered.version) AS stamps_version,
    revocation.is_possible AS is_revocation_possible,
    registered.ids AS registered_ids,
    content.row_ids,
    content.row_versions,
    content.providers,
    content.documents,
    content.stamp_registered_ids,
    content.has_copies,
    content.has_other_proofs,
    link.ids AS link_ids,
    link.versions AS link_versions,
    link.nullifiers AS link_nullifiers,
    link.addresses AS link_addresses,
    link.expiries AS link_expiries
    -- Part: Human Points
    , points.actions AS point_actions,
    points.chain_ids AS point_chain_ids,
    points.providers AS point_providers,
    points.counts AS point_counts,
    points.qualified_community_ids,
    points.multiplier AS points_multiplier,
    points.listed AS points_lists,
    points.mta_count,
    points.mm2_count,
    configuration.actions AS config_actions,
    configuration.points AS config_points
    -- End of part
FROM request
LEFT JOIN LATERAL (
    SELECT k.*, k.xmin
    FROM account_accountapikey AS k
    WHERE k.prefix = request.key_prefix
    LIMIT 1
) AS key ON true
LEFT JOIN LATERAL (
    SELECT c.id, c.xmin, c.scorer_id, c.human_points_program
    FROM (
        (
            SELECT true AS is_external, e.xmin, e.*
            FROM account_community AS e
            WHERE e.external_scorer_id = request.external_scorer_id
            LIMIT 1
        )
        UNION ALL
        (
            SELECT false AS is_external, i.xmin, i.*
            FROM account_community AS i
            WHERE i.id = coalesce(request.community_id, request.scorer_id)
            LIMIT 1
        )
    ) AS c
    WHERE c.id = request.community_id
        OR (
            request.key_hash IN (key.hashed_key_sha256, key.hashed_key)
            AND c.account_id = key.account_id
        )
    -- The external id takes precedence.
    ORDER BY c.is_external DESC
    LIMIT 1
) AS community ON true
LEFT JOIN LATERAL
    -- Insert: scorer_of (community)
AS scorer ON true
LEFT JOIN LATERAL (
    SELECT
        -- Insert: dynamic_weights (community)
        AS weights
    OFFSET 0
) AS dynamic ON true
LEFT JOIN LATERAL (
    SELECT p.id, p.address, p.community_id
    FROM registry_passport AS p
    WHERE (p.address, p.community_id) >= (request.address, community.id)
    ORDER BY p.address, p.community_id
    LIMIT 1
) AS passport ON passport.address = request.address AND passport.community_id = community.id
LEFT JOIN LATERAL (
    SELECT s.id, s.xmin
    FROM registry_score AS s
    WHERE s.passport_id = passport.id
    LIMIT 1
) AS score ON true
LEFT JOIN LATERAL
    -- Insert: registered_stamps (passport)
AS registered ON true
LEFT JOIN LATERAL (
    SELECT
        -- Insert: is_revocation_possible (request)
        AS is_possible
    OFFSET 0
) AS revocation ON community.id IS NOT NULL
LEFT JOIN LATERAL (
    SELECT
        array_agg(latest.id) AS ids,
        string_agg(latest.id || ':' || latest.xmin, ' ' ORDER BY latest.id) AS version,
        -- The compressed size, so that nothing is decompressed to find it.
        NOT $7::boolean AND (count(*) > 128 OR sum(latest.size) > 1048576) AS is_large
    FROM (
        SELECT DISTINCT ON (c.provider) c.id, c.xmin, pg_column_size(c.stamp) AS size
        FROM ceramic_cache_ceramiccache AS c
        WHERE community.id IS NOT NULL
            AND c.address = request.address
            AND c.type = 1
            AND
            -- Insert: is_live (c)
            AND CASE
                WHEN revocation.is_possible THEN
                -- Insert: is_not_revoked (c)
                ELSE true
            END
        ORDER BY c.provider, c.updated_at DESC, c.id DESC
        LIMIT 1000
    ) AS latest
) AS stamp ON community.id IS NOT NULL
LEFT JOIN LATERAL (
    SELECT
        array_agg(c.id) AS row_ids,
        array_agg(c.xmin::text) AS row_versions,
        array_agg(c.provider) AS providers,
        array_agg(bounded.document) AS documents,
        array_agg(own.id) AS stamp_registered_ids,
        array_agg(own.is_identical OR EXISTS (
            SELECT
            FROM (
                SELECT p.id
                FROM registry_passport AS p
                WHERE p.address BETWEEN request.address AND request.address
                ORDER BY p.address, p.community_id
                LIMIT 20
            ) AS any_community
            CROSS JOIN LATERAL (
                SELECT r.provider, r.credential
                FROM registry_stamp AS r
                WHERE r.passport_id BETWEEN any_community.id AND any_community.id
                OFFSET 0
            ) AS copy
            WHERE CASE
                WHEN copy.provider = c.provider
                    THEN record_image_eq(ROW (copy.credential), ROW (c.stamp))
            END
        )) AS has_copies,
        count(*) < cardinality(stamp.ids) OR bool_or(proof.is_other) AS has_other_proofs,
        array_agg(c.stamp -> 'credentialSubject')
            FILTER (WHERE bounded.document IS NOT NULL) AS subjects
    FROM (
        -- Decompressed once: a document with nothing added is the same document. One that is too
        -- large to be read is null, and stays compressed.
        SELECT
            r.id, r.xmin, r.address, r.provider, r.proof_value,
            CASE WHEN pg_column_size(r.stamp) <= 327680 THEN r.stamp || '{}' END AS stamp
        FROM ceramic_cache_ceramiccache AS r
        WHERE r.id = ANY (stamp.ids) AND stamp.is_large IS NOT TRUE
        OFFSET 0
    ) AS c
    CROSS JOIN LATERAL (
        -- PostgreSQL writes numbers in full: 1e131071 has 131,072 digits. A document with such a
        -- number is not converted to text.
        SELECT
            CASE
                WHEN NOT c.stamp @? 'strict $.**{last} ? (
                        @.type() == "number"
                        && (@ > 1e100 || @ < -1e100 || (@ != 0 && @ < 1e-100 && @ > -1e-100))
                    )'
                    THEN c.stamp::text
            END AS document
        OFFSET 0
    ) AS written
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN octet_length(written.document) <= 65536 THEN written.document END AS document
    ) AS bounded
    CROSS JOIN LATERAL (
        SELECT
            -- Insert: document_proof_value (c)
            AS written
        OFFSET 0
    ) AS document
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN document.written <> c.proof_value
                    THEN
                    -- Insert: canonical_proof_value (document.written)
                    <>
                    -- Insert: canonical_proof_value (c.proof_value)
                ELSE false
            END AS is_other
    ) AS proof
    CROSS JOIN LATERAL (
        -- To jsonb 1 and 1.0 are equal, to a signature they are not. Equal images have equal texts,
        -- and cost a tenth. Here and above, CASE keeps the provider out of the choice of an index,
        -- and the documents of other providers compressed.
        SELECT
            min(same.id) AS id,
            coalesce(bool_or(same.is_identical), false) AS is_identical
        FROM (
            SELECT
                s.id,
                s.credential,
                CASE
                    WHEN s.provider = c.provider
                        THEN record_image_eq(ROW (s.credential), ROW (c.stamp))
                END AS is_identical
            FROM registry_stamp AS s
            WHERE s.passport_id BETWEEN passport.id AND passport.id
            OFFSET 0
        ) AS same
        WHERE CASE same.is_identical
            WHEN true THEN true
            WHEN false THEN same.credential = c.stamp
        END
    ) AS own
    WHERE
        -- Its column was checked above.
        NOT (
            proof.is_other
            AND
            -- Insert: is_proof_value_revoked (document.written)
        )
) AS content ON true
LEFT JOIN LATERAL (
    SELECT
        array_agg(l.id) AS ids,
        array_agg(l.xmin::text) AS versions,
        array_agg(l.hash) AS nullifiers,
        array_agg(l.address) AS addresses,
        array_agg(l.expires_at) AS expiries
    FROM (
        SELECT claimed.nullifier
        FROM unnest(content.subjects) AS held (subject)
        CROSS JOIN LATERAL (
            SELECT held.subject ->> 'hash' AS nullifier
            UNION ALL
            (
                SELECT element
                FROM jsonb_array_elements_text(
                    CASE jsonb_typeof(held.subject -> 'nullifiers')
                        WHEN 'array' THEN held.subject -> 'nullifiers'
                    END
                ) AS element
                LIMIT 64
            )
        ) AS claimed
        WHERE claimed.nullifier IS NOT NULL
    ) AS searched
    -- A nullifier of two stamps is found twice.
    CROSS JOIN LATERAL (
        SELECT l.id, l.xmin, l.hash, l.community_id, l.address, l.expires_at
        FROM registry_hashscorerlink AS l
        WHERE (l.hash, l.community_id) >= (searched.nullifier, community.id)
        ORDER BY l.hash, l.community_id
        LIMIT 1
    ) AS l
    WHERE l.hash = searched.nullifier AND l.community_id = community.id
) AS link ON community.id IS NOT NULL
-- Part: Human Points
LEFT JOIN LATERAL (
    SELECT
        earned.actions,
        earned.chain_ids,
        earned.providers,
        earned.counts,
        qualified.community_ids AS qualified_community_ids,
        multiplier.multiplier,
        membership.listed,
        -- Counted only where it matters: for an address that can still be given one.
        CASE WHEN 'MetaMaskOG' = ANY (membership.listed)
                AND 'MTA' <> ALL (coalesce(earned.actions, '{}')) THEN (
            SELECT count(*) FROM registry_humanpoints WHERE action = 'MTA'
        ) END AS mta_count,
        CASE WHEN 'MetaMaskOG2' = ANY (membership.listed)
                AND 'MM2' <> ALL (coalesce(earned.actions, '{}')) THEN (
            SELECT count(*) FROM registry_humanpoints WHERE action = 'MM2'
        ) END AS mm2_count
    FROM (
        SELECT
            array_agg(p.action::text) AS actions,
            array_agg(p.chain_id) AS chain_ids,
            array_agg(p.provider::text) AS providers,
            array_agg(p.count) AS counts
        FROM (
            SELECT own.action, own.chain_id, own.provider, count(*)
            FROM (
                SELECT h.action, h.chain_id, h.provider
                FROM registry_humanpoints AS h
                WHERE h.address BETWEEN request.address AND request.address
                OFFSET 0
            ) AS own
            GROUP BY own.action, own.chain_id, own.provider
        ) AS p
    ) AS earned
    CROSS JOIN LATERAL (
        SELECT array_agg(q.community_id) AS community_ids
        FROM registry_humanpointscommunityqualifiedusers AS q
        WHERE q.address BETWEEN request.address AND request.address
    ) AS qualified
    CROSS JOIN LATERAL (
        SELECT array_agg(list.name::text) AS listed
        FROM (
            SELECT m.list_id
            FROM account_addresslistmember AS m
            WHERE m.address BETWEEN request.address AND request.address
            OFFSET 0
        ) AS member
        JOIN account_addresslist AS list ON list.id = member.list_id
        WHERE list.name IN ('MetaMaskOG', 'MetaMaskOG2', 'SeasonedPassportOGs', 'TheChosenOnes')
    ) AS membership
    LEFT JOIN LATERAL (
        SELECT m.multiplier
        FROM registry_humanpointsmultiplier AS m
        WHERE m.address = request.address
        LIMIT 1
    ) AS multiplier ON true
) AS points ON community.human_points_program
LEFT JOIN LATERAL (
    SELECT array_agg(c.action::text) AS actions, array_agg(c.points) AS points
    FROM registry_humanpointsconfig AS c
    WHERE c.active
) AS configuration ON community.human_points_program
-- End of part
