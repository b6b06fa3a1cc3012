-- All scores, by passport, for comparison with another database.
SELECT p.address, p.community_id, s.score, s.status, s.error, s.last_score_timestamp,
    s.expiration_date, s.evidence, s.stamp_scores, s.stamps
FROM registry_score AS s
JOIN registry_passport AS p ON p.id = s.passport_id
ORDER BY p.address COLLATE "C" NULLS FIRST, p.community_id NULLS FIRST
