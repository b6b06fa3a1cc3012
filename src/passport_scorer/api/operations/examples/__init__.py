"""Example values of the OpenAPI document, taken from the demo so that they work there.

They are constants because the service must not import the demo; a test tries every example
against the demo.
"""

from __future__ import annotations

from importlib import resources

import msgspec

ADDRESS = "0x80970b5aeec83ebcffa1ad636177c6b62927523a"
OWNER_ADDRESS = "0x74dcce1fa1a134cb8137fef283e6a8ecccff7d35"
OWNER_CHECKSUMMED = "0x74DcCE1FA1A134CB8137feF283E6A8ECCcFf7D35"
SCORER_ID = 1

NONCE = "d85880a5f4f43621e29b9d739e8eec2c04db251ee2a998acba5c3790634d"
SIGNATURE = (
    "0xb947bee4797841aeef798e3b06e525923877eed04cda7e23abe8337d82a2336d"
    "395177e82111f7079cddfac5cca632bf0a597ca03bb2e59aa7bd309446d2ecc51b"
)
REVOKED_PROOF = (
    "0x5c31c0efaf761414da701ffccd27d9675caca6e6ebcd07729fafd79358cd0e83"
    "12c4ff067e1574167d475abfed2a8f76bb8881e7dde8463375e4ae1720a7dda21c"
)
BANNED_HASH = "v0.0.0:t7KXn8OM7W1hgAUjgnJhJFpTzum6xmAOGSUYwlzvpi0="

SCORED_AT = "2026-11-24T03:30:00.123456+00:00"
EXPIRES_AT = "2099-12-31T00:00:00+00:00"


class Credentials(msgspec.Struct, frozen=True):
    """Signed stamps, as JSON text.

    Attributes:
        listed: the Github stamp of `ADDRESS`.
        ens: the Ens stamp of `OWNER_ADDRESS`.
        google: the Google stamp of `OWNER_ADDRESS`.
    """

    listed: msgspec.Raw
    ens: msgspec.Raw
    google: msgspec.Raw


class _Proof(msgspec.Struct, frozen=True):
    value: str = msgspec.field(name="proofValue")


class _Credential(msgspec.Struct, frozen=True):
    proof: _Proof


CREDENTIALS = msgspec.json.decode(
    (resources.files(__package__) / "credentials.json").read_bytes(), type=Credentials
)


def proof_value(credential: msgspec.Raw) -> str:
    """Return the `proofValue` of a credential."""
    return msgspec.json.decode(credential, type=_Credential).proof.value
