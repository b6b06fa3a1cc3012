-- The stakes by an address ($1), and on it. NaN amounts are ignored.
SELECT
    chain,
    staker,
    stakee,
    current_amount AS amount,
    unlock_time,
    lock_time,
    last_updated_in_block
FROM stake_stake
WHERE (staker = $1::text OR stakee = $1)
    AND current_amount <> 'NaN'
    AND last_updated_in_block <> 'NaN'
ORDER BY id
