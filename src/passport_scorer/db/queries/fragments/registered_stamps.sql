-- The ids of the registered stamps of a passport, and the version of their rows.
SELECT array_agg(c.id) AS ids, string_agg(c.id || ':' || c.xmin, ' ' ORDER BY c.id) AS version
FROM (
    SELECT s.id, s.xmin
    FROM registry_stamp AS s
    WHERE s.passport_id BETWEEN $row.id AND $row.id
    OFFSET 0
) AS c
