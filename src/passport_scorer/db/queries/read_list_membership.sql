-- Is an address ($2) on the list of this name ($1)? One row; no such list: false.
SELECT EXISTS (
    SELECT
    FROM account_addresslist AS list
    JOIN account_addresslistmember AS member ON member.list_id = list.id
    WHERE list.name = $1::text AND member.address = $2::text
) AS is_member
