-- All Human Points that were awarded, for comparison with another database.
SELECT address, action, chain_id, provider, tx_hash, timestamp
FROM registry_humanpoints
ORDER BY address COLLATE "C", action COLLATE "C", chain_id, provider COLLATE "C",
    tx_hash COLLATE "C"
