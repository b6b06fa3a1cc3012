-- A hash of all columns of a score but its time.
hash_record_extended(
    row(
        $row.score, $row.status::text, $row.error, $row.expiration_date,
        $row.evidence, $row.stamp_scores, $row.stamps
    ),
    0
)
