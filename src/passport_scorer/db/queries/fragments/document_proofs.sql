-- The proof values and the jws in the document of a row of the stamp store; null if the document
-- is larger than any that counts, as it would have to be unpacked.
CASE WHEN pg_column_size($row.stamp) <= 327680 THEN ARRAY[
    $row.stamp #>> '{proof,proofValue}', $row.stamp #>> '{proof,0,proofValue}',
    $row.stamp #>> '{proof,jws}', $row.stamp #>> '{proof,0,jws}'
] END
