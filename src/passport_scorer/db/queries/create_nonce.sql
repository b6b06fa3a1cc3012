-- Inserts an unused nonce ($1 to $3), and deletes some old ones: of the next 20 rows after the id
-- $4, those that expired before $5, unless another transaction holds them.
--
-- `position` is where the next call continues: after these rows, but not past one that will be old
-- soon. A row that expires more than a day from now, or never, is skipped for good.
WITH looked_at AS MATERIALIZED (
    SELECT id, expires_on
    FROM account_nonce
    WHERE id > $4::bigint
    ORDER BY id
    LIMIT 20
), old AS MATERIALIZED (
    SELECT nonce.id
    FROM account_nonce AS nonce
    WHERE nonce.id = ANY (ARRAY(
        SELECT looked_at.id FROM looked_at WHERE looked_at.expires_on < $5::timestamptz
    ))
    ORDER BY nonce.id
    FOR UPDATE SKIP LOCKED
), deleted AS (
    DELETE FROM account_nonce
    WHERE id = ANY (ARRAY(SELECT old.id FROM old))
), created AS (
    INSERT INTO account_nonce (nonce, created_on, was_used, expires_on)
    VALUES ($1, $2, false, $3)
)
SELECT coalesce(
    (
        SELECT min(id) - 1
        FROM looked_at
        WHERE expires_on >= $5 AND expires_on < $3::timestamptz + interval '1 day'
    ),
    (SELECT max(id) FROM looked_at),
    $4
) AS position
