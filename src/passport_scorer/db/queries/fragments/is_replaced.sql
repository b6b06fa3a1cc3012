-- True if a row of the stamp store was deleted. See is_live about what follows OR.
$row.deleted_at IS NOT NULL
AND ($row.deleted_at IS NOT NULL OR (SELECT count(*) FROM generate_series(1, $row.id)) = 0)
