-- All addresses that qualified for Human Points, for comparison with another database.
SELECT address, community_id
FROM registry_humanpointscommunityqualifiedusers
ORDER BY address COLLATE "C", community_id
