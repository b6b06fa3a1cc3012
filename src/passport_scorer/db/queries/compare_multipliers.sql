-- All multipliers of Human Points, for comparison with another database.
SELECT address, multiplier
FROM registry_humanpointsmultiplier
ORDER BY address COLLATE "C"
