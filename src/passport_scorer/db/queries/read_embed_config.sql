-- The weights of a community's scorer ($1), and the platforms that its page shows; no row if the
-- community does not exist. A section without platforms has one entry in the arrays, with null for
-- the platform.
SELECT
    scorer.weights,
    place.titles,
    place.section_orders,
    place.platform_ids,
    place.item_orders
FROM (
    SELECT c.id, c.xmin, c.scorer_id
    FROM account_community AS c
    WHERE c.id = $1::bigint
    LIMIT 1
) AS community
CROSS JOIN LATERAL
    -- Insert: scorer_of (community)
AS scorer
LEFT JOIN LATERAL (
    SELECT
        array_agg(header.name::text) AS titles,
        array_agg(section."order") AS section_orders,
        array_agg(platform.platform_id::text) AS platform_ids,
        array_agg(item."order") AS item_orders
    FROM account_customization AS customization
    JOIN account_embedsectionorder AS section ON section.customization_id = customization.id
    JOIN account_embedsectionheader AS header ON header.id = section.section_id
    LEFT JOIN account_embedstampplatform AS item
        ON item.customization_id = customization.id AND item.section_id = section.section_id
    LEFT JOIN registry_platformmetadata AS platform ON platform.id = item.platform_id
    WHERE customization.scorer_id = community.id
) AS place ON true
