-- All registered stamps, by passport, for comparison with another database.
SELECT p.address, p.community_id, s.provider, md5(s.credential::text) AS credential_md5
FROM registry_stamp AS s
LEFT JOIN registry_passport AS p ON p.id = s.passport_id
ORDER BY p.address COLLATE "C" NULLS FIRST, p.community_id NULLS FIRST, s.provider COLLATE "C"
