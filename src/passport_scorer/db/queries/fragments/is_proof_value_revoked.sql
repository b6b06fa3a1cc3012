-- True if a proof value is revoked: in any row, in one of its spellings.
EXISTS (
    SELECT
    FROM ceramic_cache_revocation AS of_proof
    WHERE $text <> ''
        AND of_proof.proof_value = ANY (
            -- Insert: proof_value_spellings ($text)
        )
)
