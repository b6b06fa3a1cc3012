-- The sums of the contributions of an address ($1): always one row. Contributions by the protocol
-- count from 0.95, and not in rounds in which the address is squelched. NaN amounts are ignored.
SELECT
    grants.count AS grants,
    grants.amount AS grants_amount,
    projects.count AS projects,
    projects.amount AS projects_amount
FROM (
    SELECT count(DISTINCT i.grant_id) AS count, coalesce(sum(i.amount), 0) AS amount
    FROM cgrants_grantcontributionindex AS i
    JOIN cgrants_contribution AS c ON c.id = i.contribution_id AND c.success
    WHERE i.contributor_address = $1::text AND i.amount <> 'NaN'
) AS grants
CROSS JOIN (
    SELECT count(DISTINCT p.project) AS count, coalesce(sum(p.amount), 0) AS amount
    FROM cgrants_protocolcontributions AS p
    WHERE p.contributor = $1
        AND p.amount >= 0.95
        AND p.amount <> 'NaN'  -- which is more than any number
        AND NOT EXISTS (
            SELECT
            FROM cgrants_squelchedaccounts AS squelched
            JOIN cgrants_roundmapping AS mapping
                ON mapping.round_number = squelched.round_number
            WHERE squelched.address = $1 AND mapping.round_eth_address = p.round
        )
) AS projects
