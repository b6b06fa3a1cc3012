-- True if a proof value is revoked: in any row, in one of its spellings.
EXISTS (
    SELECT
    FROM unnest(
        -- Insert: proof_value_spellings ($text)
    ) AS spelling (written)
    CROSS JOIN LATERAL
        -- Insert: next_revocation (spelling.written)
    AS of_proof
    WHERE $text <> '' AND of_proof.proof_value = spelling.written
)
