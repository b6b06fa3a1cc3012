-- The scorer of a community: the version of both rows, the weights and the threshold.
SELECT
    concat_ws(':', $row.xmin, s.id, s.xmin, binary_scorer.xmin, weighted.xmin) AS version,
    coalesce(binary_scorer.weights, weighted.weights)::text AS weights,
    coalesce(binary_scorer.threshold, weighted.threshold) AS threshold
FROM scorer_weighted_scorer AS s
LEFT JOIN LATERAL (
    SELECT b.xmin, b.weights, b.threshold
    FROM scorer_weighted_binaryweightedscorer AS b
    WHERE b.scorer_ptr_id = s.id AND s.type = 'WEIGHTED_BINARY'
    LIMIT 1
) AS binary_scorer ON true
LEFT JOIN LATERAL (
    SELECT w.xmin, w.weights, w.threshold
    FROM scorer_weighted_weightedscorer AS w
    WHERE w.scorer_ptr_id = s.id AND s.type = 'WEIGHTED'
    LIMIT 1
) AS weighted ON true
WHERE s.id = $row.scorer_id
LIMIT 1
