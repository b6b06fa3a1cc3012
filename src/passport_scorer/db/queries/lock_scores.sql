-- Locks the score rows of (address, community) pairs until the transaction ends, so that no other
-- request can score them in between. A pair that was never scored has no row to lock.
SELECT score.id
FROM unnest($1::text[], $2::bigint[]) AS pair (address, community_id)
JOIN registry_passport AS passport
    ON passport.address = pair.address AND passport.community_id = pair.community_id
JOIN registry_score AS score ON score.passport_id = passport.id
ORDER BY score.passport_id
FOR UPDATE OF score
