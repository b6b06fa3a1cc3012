-- What an address ($1) has staked, and what was staked on it, in one round ($2). What is no
-- number is no stake.
SELECT id, event_type, round_id, staker, address, amount, staked, block_number, tx_hash
FROM registry_gtcstakeevent
WHERE round_id = $2::bigint AND (staker = $1::text OR address = $1) AND amount <> 'NaN'
ORDER BY id
