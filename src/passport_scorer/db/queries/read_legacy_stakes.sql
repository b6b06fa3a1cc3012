-- The stakes by an address ($1), and on it, in one round ($2). NaN amounts are ignored.
SELECT id, event_type, round_id, staker, address, amount, staked, block_number, tx_hash
FROM registry_gtcstakeevent
WHERE round_id = $2::bigint AND (staker = $1::text OR address = $1) AND amount <> 'NaN'
ORDER BY id
