-- The spellings under which an index is searched for a proof value, as `proof_value_spellings` in
-- domain/proof_values.py; some of them twice.
CASE
    WHEN length($text) IN (130, 132) AND $text ~ '^(0[xX])?[0-9a-fA-F]+$'
        AND (length($text) = 130) = ($text !~ '^0[xX]')
        THEN (
            SELECT ARRAY[
                '0x' || d.a, '0x' || d.b, '0x' || d.c, '0x' || d.d, $text
            ]
            FROM (
                SELECT
                    lower(left(right($text, 130), 128)) AS numbers,
                    lower(right($text, 2)) AS v
                OFFSET 0
            ) AS p
            CROSS JOIN LATERAL (
                SELECT
                    p.numbers || CASE p.v WHEN '00' THEN '1b' WHEN '01' THEN '1c' ELSE p.v END AS a,
                    p.numbers || CASE p.v WHEN '1b' THEN '00' WHEN '1c' THEN '01' ELSE p.v END AS b,
                    upper(p.numbers)
                    || CASE p.v WHEN '00' THEN '1B' WHEN '01' THEN '1C' ELSE upper(p.v) END AS c,
                    upper(p.numbers)
                    || CASE p.v WHEN '1b' THEN '00' WHEN '1c' THEN '01' ELSE upper(p.v) END AS d
                OFFSET 0
            ) AS d
        )
    WHEN $text ~ '^0[xX][0-9a-fA-F]*$' THEN ARRAY[
        lower($text), '0x' || upper(substr($text, 3)), $text
    ]
    ELSE ARRAY[$text]
END
