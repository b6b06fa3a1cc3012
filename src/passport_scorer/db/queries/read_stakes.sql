-- The stakes of an address ($1), and those on it.
SELECT
    chain,
    staker,
    stakee,
    current_amount AS amount,
    unlock_time,
    lock_time,
    last_updated_in_block
FROM stake_stake
WHERE staker = $1::text OR stakee = $1
ORDER BY id
