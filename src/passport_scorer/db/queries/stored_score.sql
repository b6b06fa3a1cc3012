-- The stored score of an address in a community.
SELECT
    score.score,
    score.error,
    score.last_score_timestamp,
    score.expiration_date,
    score.evidence::text AS evidence,
    score.stamps::text AS stamps
FROM (
    SELECT p.id, p.address, p.community_id
    FROM registry_passport AS p
    WHERE (p.address, p.community_id) >= ($1::text, $2::bigint)
    ORDER BY p.address, p.community_id
    LIMIT 1
) AS passport
CROSS JOIN LATERAL (
    SELECT *
    FROM registry_score AS s
    WHERE s.passport_id = passport.id
    LIMIT 1
) AS score
WHERE passport.address = $1 AND passport.community_id = $2
