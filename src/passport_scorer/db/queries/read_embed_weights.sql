-- The weights of a community's scorer ($1): null if it has none; no row if there is no such
-- community.
SELECT coalesce(binary_scorer.weights, weighted.weights)::text AS weights
FROM (SELECT c.scorer_id FROM account_community AS c WHERE c.id = $1::bigint LIMIT 1) AS community
CROSS JOIN LATERAL (
    SELECT s.id, s.type
    FROM scorer_weighted_scorer AS s
    WHERE s.id = community.scorer_id
    LIMIT 1
) AS scorer
LEFT JOIN LATERAL (
    SELECT b.weights
    FROM scorer_weighted_binaryweightedscorer AS b
    WHERE b.scorer_ptr_id = scorer.id AND scorer.type = 'WEIGHTED_BINARY'
    LIMIT 1
) AS binary_scorer ON true
LEFT JOIN LATERAL (
    SELECT w.weights
    FROM scorer_weighted_weightedscorer AS w
    WHERE w.scorer_ptr_id = scorer.id AND scorer.type = 'WEIGHTED'
    LIMIT 1
) AS weighted ON true
