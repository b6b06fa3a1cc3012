-- Tests if an address ($2) is on the list with a name ($1): one row; false without such a list.
SELECT EXISTS (
    SELECT
    FROM (SELECT l.id FROM account_addresslist AS l WHERE l.name = $1::text LIMIT 1) AS list
    CROSS JOIN LATERAL (
        SELECT m.address, m.list_id
        FROM account_addresslistmember AS m
        WHERE (m.address, m.list_id) >= ($2::text, list.id)
        ORDER BY m.address, m.list_id
        LIMIT 1
    ) AS member
    WHERE member.address = $2 AND member.list_id = list.id
) AS is_member
