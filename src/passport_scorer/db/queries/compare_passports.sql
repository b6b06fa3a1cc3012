-- All passports, for comparison with another database.
SELECT address, community_id, requires_calculation
FROM registry_passport
ORDER BY address COLLATE "C" NULLS FIRST, community_id NULLS FIRST
