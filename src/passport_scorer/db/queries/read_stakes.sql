-- The stakes by an address ($1), and on it. NaN amounts are ignored.
SELECT
    stake.chain,
    stake.staker,
    stake.stakee,
    stake.current_amount AS amount,
    stake.unlock_time,
    stake.lock_time,
    stake.last_updated_in_block
FROM (
    (
        SELECT *
        FROM stake_stake AS s
        WHERE s.staker BETWEEN (SELECT $1::text) AND (SELECT $1)
        OFFSET 0
    )
    UNION ALL
    (
        SELECT received.*
        FROM (
            SELECT *
            FROM stake_stake AS s
            WHERE s.stakee BETWEEN (SELECT $1) AND (SELECT $1)
            OFFSET 0
        ) AS received
        WHERE received.staker <> $1
    )
) AS stake
WHERE stake.current_amount <> 'NaN' AND stake.last_updated_in_block <> 'NaN'
ORDER BY stake.id
