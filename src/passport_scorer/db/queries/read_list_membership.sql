-- Tests if an address ($2) is on the list with a name ($1): one row; false without such a list.
SELECT EXISTS (
    SELECT
    FROM account_addresslist AS list
    JOIN account_addresslistmember AS member ON member.list_id = list.id
    WHERE list.name = $1::text AND member.address = $2::text
) AS is_member
