-- Locks the score rows of (address, community) pairs until the transaction ends, so that no other
-- request can score them in between. A pair that was never scored has no row to lock.
SELECT score.id
FROM registry_score AS score
WHERE score.passport_id = ANY (ARRAY(
    SELECT passport.id
    FROM unnest($1::text[], $2::bigint[]) AS pair (address, community_id)
    CROSS JOIN LATERAL (
        SELECT p.id, p.address, p.community_id
        FROM registry_passport AS p
        WHERE (p.address, p.community_id) >= (pair.address, pair.community_id)
        ORDER BY p.address, p.community_id
        LIMIT 1
    ) AS passport
    WHERE passport.address = pair.address AND passport.community_id = pair.community_id
))
ORDER BY score.passport_id
FOR UPDATE
