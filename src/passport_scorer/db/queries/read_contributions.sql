-- The sums of the contributions of an address ($1): always one row. Contributions by the protocol
-- count from 0.95, and not in rounds in which the address is squelched. NaN amounts are ignored.
SELECT
    grants.count AS grants,
    grants.amount AS grants_amount,
    projects.count AS projects,
    projects.amount AS projects_amount
FROM (
    SELECT count(DISTINCT i.grant_id) AS count, coalesce(sum(i.amount), 0) AS amount
    FROM (
        SELECT own.grant_id, own.amount, own.contribution_id
        FROM cgrants_grantcontributionindex AS own
        WHERE own.contributor_address BETWEEN (SELECT $1::text) AND (SELECT $1)
        OFFSET 0
    ) AS i
    CROSS JOIN LATERAL (
        SELECT g.success FROM cgrants_contribution AS g WHERE g.id = i.contribution_id LIMIT 1
    ) AS c
    WHERE c.success AND i.amount <> 'NaN'
) AS grants
CROSS JOIN (
    SELECT count(DISTINCT p.project) AS count, coalesce(sum(p.amount), 0) AS amount
    FROM (
        SELECT own.project, own.amount, own.round
        FROM cgrants_protocolcontributions AS own
        WHERE own.contributor BETWEEN (SELECT $1) AND (SELECT $1)
        OFFSET 0
    ) AS p
    WHERE p.amount >= 0.95
        AND p.amount <> 'NaN'  -- which is more than any number
        AND NOT EXISTS (
            SELECT
            FROM (
                SELECT own.round_number
                FROM cgrants_squelchedaccounts AS own
                WHERE own.address BETWEEN (SELECT $1) AND (SELECT $1)
                OFFSET 0
            ) AS squelched
            JOIN cgrants_roundmapping AS mapping
                ON mapping.round_number = squelched.round_number
            WHERE mapping.round_eth_address = p.round
            OFFSET 0
        )
) AS projects
