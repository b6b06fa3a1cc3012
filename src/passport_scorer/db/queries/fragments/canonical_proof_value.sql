-- The canonical spelling of a proof value, as `canonical_proof_value` in domain/proof_values.py.
-- (A repetition count in the regular expression would cost ten times as much as the length check.)
CASE
    WHEN length($text) IN (130, 132) AND $text ~ '^(0[xX])?[0-9a-fA-F]+$'
        AND (length($text) = 130) = ($text !~ '^0[xX]')
        THEN concat(
            '0x',
            lower(left(right($text, 130), 128)),
            CASE lower(right($text, 2))
                WHEN '00' THEN '1b'
                WHEN '01' THEN '1c'
                ELSE lower(right($text, 2))
            END
        )
    WHEN $text ~ '^0[xX][0-9a-fA-F]*$' THEN lower($text)
    ELSE $text
END
