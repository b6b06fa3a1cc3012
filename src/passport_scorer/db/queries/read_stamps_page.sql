-- A page of the stamps of an address ($2), together with the API key with a prefix ($1): up to $5
-- stamps, the highest id first; those next below the id $3, or (if $4) those next above it. Also
-- whether there are stamps on either side of the page. No row if there is no such key. Only the key
-- is read unless $6 is one of its hashes: a wrong secret must not cost more.
--
-- Documents of more than 65,536 bytes, which no stamp has, are left out, and a page ends when its
-- documents reach 8 MiB. A document with a number like 1e131071, which has as many digits when
-- written out, is never written out to measure it.
SELECT
    key.id AS key_id,
    key.hashed_key,
    key.hashed_key_sha256,
    key.revoked,
    key.expiry_date,
    key.read_scores,
    key.historical_endpoint,
    key.rate_limit,
    key.analysis_rate_limit,
    page.ids,
    page.providers,
    page.documents,
    EXISTS (
        SELECT
        FROM ceramic_cache_ceramiccache AS newer
        WHERE newer.address = $2
            AND newer.type = 1
            AND
            -- Insert: is_live (newer)
            AND newer.id > page.first_id
    ) AS has_newer,
    EXISTS (
        SELECT
        FROM ceramic_cache_ceramiccache AS older
        WHERE older.address = $2
            AND older.type = 1
            AND
            -- Insert: is_live (older)
            AND older.id < page.last_id
    ) AS has_older
FROM account_accountapikey AS key
CROSS JOIN LATERAL (
    SELECT
        array_agg(stamp.id ORDER BY stamp.id DESC) AS ids,
        array_agg(stamp.provider::text ORDER BY stamp.id DESC) AS providers,
        array_agg(stamp.document ORDER BY stamp.id DESC) AS documents,
        max(stamp.id) AS first_id,
        min(stamp.id) AS last_id
    FROM (
        SELECT
            found.id,
            found.provider,
            found.document,
            sum(octet_length(found.document)) OVER (
                ORDER BY CASE WHEN $4 THEN found.id END, found.id DESC
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS size_before
        FROM (
            (
                SELECT c.id, c.provider, c.stamp::text AS document
                FROM ceramic_cache_ceramiccache AS c
                WHERE NOT $4::boolean
                    AND $6 IN (key.hashed_key_sha256, key.hashed_key)
                    AND c.address = $2
                    AND c.type = 1
                    AND
                    -- Insert: is_live (c)
                    AND c.id < $3
                    AND CASE
                        WHEN pg_column_size(c.stamp) > 327680 OR c.stamp @? 'strict $.** ? (
                            @.type() == "number"
                            && (@ > 1e100 || @ < -1e100 || (@ != 0 && @ < 1e-100 && @ > -1e-100))
                        )' THEN false
                        ELSE octet_length(c.stamp::text) <= 65536
                    END
                ORDER BY c.id DESC
                LIMIT $5
            )
            UNION ALL
            (
                SELECT c.id, c.provider, c.stamp::text AS document
                FROM ceramic_cache_ceramiccache AS c
                WHERE $4
                    AND $6 IN (key.hashed_key_sha256, key.hashed_key)
                    AND c.address = $2
                    AND c.type = 1
                    AND
                    -- Insert: is_live (c)
                    AND c.id > $3
                    AND CASE
                        WHEN pg_column_size(c.stamp) > 327680 OR c.stamp @? 'strict $.** ? (
                            @.type() == "number"
                            && (@ > 1e100 || @ < -1e100 || (@ != 0 && @ < 1e-100 && @ > -1e-100))
                        )' THEN false
                        ELSE octet_length(c.stamp::text) <= 65536
                    END
                ORDER BY c.id
                LIMIT $5
            )
        ) AS found
    ) AS stamp
    WHERE coalesce(stamp.size_before, 0) < 8388608
) AS page
WHERE key.prefix = $1
