-- The weights of a community's scorer ($1): null if it has none; no row if there is no such
-- community.
SELECT coalesce(binary_scorer.weights, weighted.weights)::text AS weights
FROM account_community AS community
JOIN scorer_weighted_scorer AS s ON s.id = community.scorer_id
LEFT JOIN scorer_weighted_binaryweightedscorer AS binary_scorer
    ON binary_scorer.scorer_ptr_id = s.id AND s.type = 'WEIGHTED_BINARY'
LEFT JOIN scorer_weighted_weightedscorer AS weighted
    ON weighted.scorer_ptr_id = s.id AND s.type = 'WEIGHTED'
WHERE community.id = $1::bigint
