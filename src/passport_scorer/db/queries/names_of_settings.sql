-- Tests which communities named by settings exist: that of the stamp store ($1), that of the public
-- demo ($2), and whether the latter belongs to the account of the demo's API key ($3).
SELECT
    EXISTS (SELECT FROM account_community WHERE id = $1) AS has_default_scorer,
    EXISTS (SELECT FROM account_community WHERE id = $2) AS has_demo_scorer,
    EXISTS (
        SELECT
        FROM account_community AS community
        JOIN account_accountapikey AS key ON key.account_id = community.account_id
        WHERE community.id = $2 AND key.prefix = $3
    ) AS demo_scorer_is_of_key
