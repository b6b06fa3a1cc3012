"""The canonical spelling of proof values, in which they are stored and compared.

A signature has many spellings that verify: in either letter case, and with a recovery id of 0 and 1
or of 27 and 28. A revocation compares texts, so without one spelling the holder of a revoked
credential could respell its proof and have it count again.

Other texts never verify as a signature of 65 bytes, and no rule says which of them are equal:
hexadecimal after `0x` is compared in lower case, anything else as it is.

Source: docs/rules/revocation.md, "Spellings of a proof value"; docs/rules/revocation.md,
"Revocation".
"""

import re

_SIGNATURE = re.compile(r"(?:0[xX])?([0-9a-fA-F]{128})([0-9a-fA-F]{2})")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]*")
_CANONICAL_RECOVERY_IDS = {"00": "1b", "01": "1c"}
_OTHER_RECOVERY_IDS = {"1b": "00", "1c": "01"}


def canonical_proof_value(written: str) -> str:
    """Return the canonical spelling of a proof value.

    Args:
        written: as in a credential or a table; 65 bytes in hexadecimal can lack `0x`.

    Returns:
        For 65 bytes in hexadecimal: `0x` and lower case, the last byte `1b` or `1c` if it was one
        of 00, 01, 1b and 1c. For other hexadecimal after `0x`: lower case. Else: as it was.
    """
    if signature := _SIGNATURE.fullmatch(written):
        numbers, recovery_id = signature[1].lower(), signature[2].lower()
        return f"0x{numbers}{_CANONICAL_RECOVERY_IDS.get(recovery_id, recovery_id)}"
    return written.lower() if _HEXADECIMAL.fullmatch(written) else written


def proof_value_spellings(written: str) -> list[str]:
    """Return the spellings of a proof value to look up in an index, each once.

    An index finds exact texts, and a text with n letters has 2^n spellings: these are the common
    ones. Lower and upper case after `0x`, both forms of the recovery id of a signature, and the
    text as it is.
    """
    canonical = canonical_proof_value(written)
    if _SIGNATURE.fullmatch(written):
        numbers, recovery_id = canonical[2:-2], canonical[-2:]
        other = _OTHER_RECOVERY_IDS.get(recovery_id, recovery_id)
        lowered = [numbers + recovery_id, numbers + other]
    elif _HEXADECIMAL.fullmatch(written):
        lowered = [canonical[2:]]
    else:
        return [written]
    texts = [f"0x{cased}" for digits in lowered for cased in (digits, digits.upper())]
    return list(dict.fromkeys((*texts, written)))
