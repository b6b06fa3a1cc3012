-- All claims of nullifiers, for comparison with another database.
SELECT hash, community_id, address, expires_at
FROM registry_hashscorerlink
ORDER BY hash COLLATE "C", community_id
