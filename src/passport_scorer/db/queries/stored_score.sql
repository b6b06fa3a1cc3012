-- The stored score of an address in a community.
SELECT
    score.score,
    score.error,
    score.last_score_timestamp,
    score.expiration_date,
    score.evidence::text AS evidence,
    score.stamps::text AS stamps
FROM registry_passport AS passport
JOIN registry_score AS score ON score.passport_id = passport.id
WHERE passport.address = $1::text AND passport.community_id = $2::bigint
