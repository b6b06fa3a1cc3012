-- The stakes by an address ($1), and on it, in one round ($2). NaN amounts are ignored.
SELECT
    stake.id,
    stake.event_type,
    stake.round_id,
    stake.staker,
    stake.address,
    stake.amount,
    stake.staked,
    stake.block_number,
    stake.tx_hash
FROM (
    (
        SELECT *
        FROM registry_gtcstakeevent AS s
        WHERE s.staker BETWEEN (SELECT $1::text) AND (SELECT $1)
        ORDER BY s.staker
        OFFSET 0
    )
    UNION ALL
    (
        SELECT received.*
        FROM (
            SELECT *
            FROM registry_gtcstakeevent AS s
            WHERE s.address BETWEEN (SELECT $1) AND (SELECT $1)
            ORDER BY s.address
            OFFSET 0
        ) AS received
        WHERE received.staker <> $1
    )
) AS stake
WHERE stake.round_id = $2::bigint AND stake.amount <> 'NaN'
ORDER BY stake.id
