-- The bans on one address (in any of the spellings $1; empty: no address) or on these hashes ($2),
-- expired ones included.
SELECT ban.id, ban.type, ban.address, ban.provider, ban.hash, ban.end_time, ban.reason
FROM unnest($1::text[]) AS wanted (address)
CROSS JOIN LATERAL (
    SELECT *
    FROM ceramic_cache_ban AS b
    WHERE b.address BETWEEN wanted.address AND wanted.address
    OFFSET 0
) AS ban
UNION
SELECT ban.id, ban.type, ban.address, ban.provider, ban.hash, ban.end_time, ban.reason
FROM unnest($2::text[]) AS wanted (hash)
CROSS JOIN LATERAL (
    SELECT *
    FROM ceramic_cache_ban AS b
    WHERE b.hash BETWEEN wanted.hash AND wanted.hash
    OFFSET 0
) AS ban
