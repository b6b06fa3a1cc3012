-- True if a row of the stamp store is live. What follows OR is never computed. It makes every way of
-- finding the row look expensive, except by an index of live rows alone, for which the first line
-- is known to be true; without it the index on `deleted_at`, which holds every live row of the
-- table, would look as good (docs/decisions/0041-plans-without-statistics.md).
$row.deleted_at IS NULL
AND ($row.deleted_at IS NULL OR (SELECT count(*) FROM generate_series(1, $row.id)) = 0)
