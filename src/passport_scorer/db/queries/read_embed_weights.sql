-- The weights of a community's scorer ($1): null if it has none; no row if there is no such
-- community.
SELECT scorer.weights
FROM (
    SELECT c.xmin, c.scorer_id
    FROM account_community AS c
    WHERE c.id = $1::bigint
    LIMIT 1
) AS community
CROSS JOIN LATERAL
    -- Insert: scorer_of (community)
AS scorer
