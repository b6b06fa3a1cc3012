"""Documents within the bounds on size that were made to take as much time as possible.

Each is built for one part of a verification: reading, dates, DIDs, EIP-712 types and messages,
canonicalization of RDF, signatures. `python -m benchmarks.hostile_credentials` measures them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from itertools import permutations
from typing import Any, NamedTuple

from passport_scorer.credentials import ed25519_signature_2018, eip712_signature_2021
from passport_scorer.credentials.contexts import CREDENTIALS_V1, STATUS_LIST_2021
from passport_scorer.credentials.parsing import (
    MAXIMUM_BRACKETS,
    MAXIMUM_COMMAS,
    MAXIMUM_SIZE,
)
from passport_scorer.tools.demo.signing import sign_ed25519, sign_eip712

NOW = datetime(2025, 12, 1, tzinfo=UTC)
EIP712 = eip712_signature_2021.TYPE
ED25519 = ed25519_signature_2018.TYPE
MARGIN = 200  # bytes that are left for what surrounds a filling

Document = dict[str, Any]
_TEXT = "https://schema.org/Text"
_SECURITY = ("https://w3id.org/security/v1", "https://w3id.org/security/v2")
_SIGNED: dict[str, Any] = {
    "address": "0x4f0f596e6fafa901f0a803b18a9713964742bcaf",
    "provider": "Google",
    "issued_at": datetime(2025, 11, 20, 13, 12, 9, 615000, tzinfo=UTC),
    "expires_at": datetime(2026, 2, 18, 13, 12, 9, tzinfo=UTC),
}
_ORDINARY = {
    EIP712: sign_eip712(bytes(31) + b"\x07", nullifiers=["v0:one", "v1:two"], **_SIGNED),
    ED25519: sign_ed25519(bytes(31) + b"\x09", nullifier_hash="v0.0.0:one", **_SIGNED),
}


class HostileDocument(NamedTuple):
    """A document, its suite, and what is expensive about it."""

    suite: str
    name: str
    text: bytes


def ordinary(suite: str) -> Document:
    """A genuine stamp of a suite; a new object each time."""
    return deepcopy(_ORDINARY[suite])


def hostile_documents() -> Iterator[HostileDocument]:
    """Every document of the corpus, none longer than a credential may be."""
    for suite, makers in ((EIP712, (_of_any_suite, _of_eip712)), (ED25519, (_of_any_suite, _rdf))):
        for make in makers:
            for name, document in make(suite):
                text = document if isinstance(document, bytes) else _bytes(document)
                assert len(text) <= MAXIMUM_SIZE, (name, len(text))
                yield HostileDocument(suite, name, text)


def _bytes(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _room(document: Document) -> int:
    """Return the number of bytes that a document can still take."""
    return MAXIMUM_SIZE - MARGIN - len(_bytes(document))


def _filled(document: Document, put: Callable[[str], None], unit: str) -> Document:
    """The document with as many repetitions of a text as it may have, where `put` puts them."""
    size = len(json.dumps(unit, ensure_ascii=False).encode()) - 2
    put(unit * (_room(document) // size))
    return document


def _of_any_suite(suite: str) -> Iterator[tuple[str, Document | bytes]]:
    """The parts that both suites share: reading, the envelope, dates, DIDs, claims."""
    beginning = _bytes(ordinary(suite))[:-1] + b',"more":'
    room = MAXIMUM_SIZE - MARGIN - len(beginning)
    wide = min(MAXIMUM_COMMAS - 150, room // 2)
    for name, value in (
        ("nested lists", b"[" * (MAXIMUM_BRACKETS // 2) + b"]" * (MAXIMUM_BRACKETS // 2)),
        ("wide list of lists", b"[" + b"[]," * (MAXIMUM_BRACKETS - 60) + b"[]]"),
        ("as many values as there may be", b"[" + b"1," * wide + b"1]"),
        ("more values than there may be", b"[" + b"1," * (room // 2) + b"1]"),
        ("integers of 4,000 digits", b"[" + b",".join([b"9" * 4000] * (room // 4001)) + b"]"),
        ("one endless integer", b"9" * room),
        ("one endless fraction", b"0." + b"9" * room),
        ("one endless exponent", b"1e" + b"9" * room),
        ("escaped text", b'"' + b"\\u00e9" * (room // 6) + b'"'),
        ("escaped surrogates", b'"' + b"\\ud83d\\ude00" * (room // 12) + b'"'),
        ("text that never ends", b'"' + b"\\\\" * (room // 2)),
    ):
        yield name, beginning + value + b"}"
    keys = b",".join(b'"%d":1' % number for number in range(wide))
    yield "many members", beginning + b"{" + keys + b"}}"
    repeated = b",".join([b'"issuer":"did:key:z"'] * min(wide, room // 21))
    yield "one member many times", _bytes(ordinary(suite))[:-1] + b"," + repeated + b"}"
    yield from _long_texts(suite)


def _long_texts(suite: str) -> Iterator[tuple[str, Document]]:
    """Each text of a credential that something looks into, as long as can be."""
    for path, unit in (
        (("issuer",), "1"),
        (("issuanceDate",), "0"),
        (("expirationDate",), "."),
        (("proof", "created"), "1"),
        (("proof", "type"), "é"),
        (("proof", "verificationMethod"), "#"),
        (("proof", "jws"), "A"),
        (("proof", "proofValue"), "a"),
        (("credentialSubject", "id"), "did:"),
        (("credentialSubject", "id"), "\\"),
        (("credentialSubject", "provider"), '"\\\n\r'),
        (("credentialSubject", "provider"), "\u2028"),
        (("credentialSubject", "hash"), "v1."),
        (("credentialSubject", "hash"), "1"),
    ):
        document = ordinary(suite)
        parent: Document = document
        for name in path[:-1]:
            parent = parent[name]
        start = str(parent.get(path[-1], "v1"))
        parent[path[-1]] = start

        def put(text: str, parent: Document = parent, last: str = path[-1]) -> None:
            parent[last] += text

        yield f"long {'.'.join(path)} of {unit!r}", _filled(document, put, unit)
    for date in ("9999-12-31T23:59:59.999999999-23:59", "0001-01-01T00:00:00.1+23:59"):
        document = ordinary(suite)
        document["issuanceDate"] = document["expirationDate"] = date
        yield f"date {date[:4]}", document
    many = ordinary(suite)
    many["type"] = ["VerifiableCredential"] + ["x"] * 1_800
    yield "many types of credential", many
    nullifiers = ordinary(suite)
    nullifiers["credentialSubject"]["nullifiers"] = ["v0:a"] * 1_800
    yield "many nullifiers", nullifiers
    context = ordinary(suite)
    context["credentialSubject"]["@context"] = [{str(n): {"@id": _TEXT} for n in range(400)}]
    yield "many terms", context


# EIP-712


def _of_eip712(suite: str) -> Iterator[tuple[str, Document]]:
    yield from _arrays(suite)
    yield from _structs(suite)


def _arrays(suite: str) -> Iterator[tuple[str, Document]]:
    """As many values as there may be, of each atomic type."""
    count = MAXIMUM_COMMAS - 150
    values: dict[str, Sequence[object]] = {
        "uint8": [1] * count,
        "int256": [str(-(10**15) - number) for number in range(count)],
        "uint256": ["9" * 30] * (count // 2 + 300),
        "bool": [True] * count,
        "string": [""] * count,
        "string ": [f"distinct {number}" for number in range(count)],
        "string  ": ["é" * 120] * 230,
        "string   ": ["x" * 16_000] * 3,
        "bytes": [f"0x{number:04x}" for number in range(count)],
        "bytes32": ["0x" + "ab" * 32] * 850,
        "address": ["0x" + "Ab" * 20] * 1_200,
    }
    for spelled, listed in values.items():
        document = ordinary(suite)
        kind = spelled.strip()
        _types(document)["Document"].append({"name": "x", "type": f"{kind}[][]"})
        document["x"] = [listed[first : first + 256] for first in range(0, len(listed), 256)]
        yield f"{len(listed)} values of the type {kind}", document
    empty = ordinary(suite)
    _types(empty)["Document"].append({"name": "x", "type": "string[0][256][]"})
    empty["x"] = [[[]] * 256]
    yield "empty arrays", empty
    deep = ordinary(suite)
    _types(deep)["Document"].append({"name": "x", "type": "string" + "[1]" * 8})
    deep["x"] = [[[[[[[["a"]]]]]]]]
    yield "dimensions", deep


def _structs(suite: str) -> Iterator[tuple[str, Document]]:
    """Types that refer to each other in all ways, and messages of many small objects."""
    objects = MAXIMUM_BRACKETS - 64 - 60  # without those of the fields, and of the stamp
    absent = ordinary(suite)
    fields = [{"name": f"{number}", "type": "bool"} for number in range(64)]
    _types(absent).update(E=fields)
    _types(absent)["Document"].append({"name": "x", "type": "E[][]"})
    absent["x"] = [[{}] * 200, [{}] * (objects - 200)]
    yield "objects whose members are all absent", absent
    yield "structs that all refer to all that follow", _with_types(suite, _later(16))
    yield "structs that nest too deep", _with_types(suite, _chain(25))
    bypass = _with_types(suite, _chain(25))
    _types(bypass)["Document"] += [
        {"name": f"r{number}", "type": f"E{24 - number}"} for number in range(25)
    ]
    yield "structs that nest deep, compiled from the innermost", bypass
    recursive = {f"E{n}": [{"name": "a", "type": f"E{(n + 1) % 25}"}] for n in range(25)}
    yield "recursive structs", _with_types(suite, recursive)
    wide = {f"E{n}": [{"name": f"{m}", "type": "uint8"} for m in range(64)] for n in range(6)} | {
        "F": [{"name": f"{n}", "type": f"E{n}"} for n in range(6)]
    }
    yield "as many fields as there may be", _with_types(suite, wide, "F")
    unused = {f"U{n}": [{"name": f"{m}", "type": "x"} for m in range(17)] for n in range(25)}
    yield "types that nothing refers to", _with_types(suite, unused, "string")
    dimensions = [{"name": f"{n}", "type": "bytes32" + "[]" * 8} for n in range(25)]
    yield "fields of many dimensions", _with_types(suite, {"E": dimensions}, "E")
    names = {f"{n}" + "n" * 120: [{"name": "m" * 128, "type": "string"}] for n in range(25)}
    yield "long names", _with_types(suite, names, "string")


def _later(count: int) -> dict[str, list[dict[str, str]]]:
    """Structs each of which has a field of each struct after it: many ways, few structs."""
    return {
        f"E{number}": [
            {"name": f"{other}", "type": f"E{other}"} for other in range(number + 1, count)
        ]
        or [{"name": "a", "type": "bool"}]
        for number in range(count)
    }


def _chain(count: int) -> dict[str, list[dict[str, str]]]:
    return {
        f"E{number}": [{"name": "0", "type": f"E{number + 1}"}]
        + [{"name": f"{field}", "type": "bool"} for field in range(1, 15)]
        if number < count - 1
        else [{"name": "a", "type": "bool"}]
        for number in range(count)
    }


def _types(document: Document) -> dict[str, list[dict[str, str]]]:
    types: dict[str, list[dict[str, str]]] = document["proof"]["eip712Domain"]["types"]
    return types


def _with_types(suite: str, types: dict[str, list[dict[str, str]]], used: str = "E0") -> Document:
    document = ordinary(suite)
    _types(document).update(types)
    _types(document)["Document"].append({"name": "x", "type": used})
    return document


# RDF


def _rdf(suite: str) -> Iterator[tuple[str, Document]]:
    """Contexts again and again, in all orders; lists whose nodes look alike; text to escape."""
    for context in (CREDENTIALS_V1, STATUS_LIST_2021, *_SECURITY):
        repeated = ordinary(suite)
        repeated["@context"] = [CREDENTIALS_V1] + [context] * 1_300
        yield f"1300 times {context}", repeated
        twice = ordinary(suite)
        twice["@context"] = [CREDENTIALS_V1, context, context]
        yield f"twice {context}", twice
    for count in (1, 2, 3):
        for others in permutations((STATUS_LIST_2021, *_SECURITY), count):
            ordered = ordinary(suite)
            ordered["@context"] = [CREDENTIALS_V1, *others]
            yield " ".join(["contexts", *(other.rsplit("/", 2)[1] for other in others)]), ordered
    for name, nullifiers in (
        ("alike", ["v0:a"] * 16),
        ("alike and long", ["v0:a" * 980] * 16),
        ("alike, in need of escapes", ['"\\\n\r' * 480] * 16),
        ("in pairs", ["v0:a", "v0:b"] * 8),
        ("different", [f"v0:{number}" for number in range(16)]),
    ):
        listed = ordinary(suite)
        subject = listed["credentialSubject"]
        subject["nullifiers"] = nullifiers
        subject["@context"][0]["nullifiers"] = {"@id": _TEXT, "@container": "@list"}
        yield f"16 nullifiers, {name}", listed
    header = ordinary(suite)
    header["proof"]["jws"] = "e30.." + "A" * _room(header)
    yield "long signature", header
