-- All events, for comparison with another database.
SELECT address, action, community_id, created_at, data
FROM registry_event
ORDER BY address COLLATE "C", action COLLATE "C", community_id NULLS FIRST, created_at, id
