-- The proof value in the document of a row of the stamp store; null if it has none, or is larger
-- than any that counts, as it would have to be unpacked.
CASE WHEN pg_column_size($row.stamp) <= 327680 THEN coalesce(
    $row.stamp #>> '{proof,proofValue}', $row.stamp #>> '{proof,0,proofValue}'
) END
