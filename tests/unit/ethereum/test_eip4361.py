"""The text that an owner signs, and when a message counts."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.ethereum.eip4361 import (
    SignInRefused,
    SiweMessage,
    chain_id_of,
    check_message,
    likely_texts,
    message_text,
    possible_texts,
    signer_and_nonce,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOMAINS = {"service.org", "localhost:3000"}
ADDRESS = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
# The example of EIP-4361, and its text.
EXAMPLE = SiweMessage(
    domain="service.org",
    address=ADDRESS,
    statement="I accept the ServiceOrg Terms of Service: https://service.org/tos",
    uri="https://service.org/login",
    version="1",
    chain_id=1,
    nonce="32891756",
    issued_at="2021-09-30T16:25:24Z",
    resources=[
        "ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/",
        "https://example.com/my-web2-claim.json",
    ],
)
EXAMPLE_TEXT = """service.org wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ServiceOrg Terms of Service: https://service.org/tos

URI: https://service.org/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json"""


def changed(**fields: object) -> SiweMessage:
    """The example with other fields."""
    return msgspec.structs.replace(EXAMPLE, **fields)


def check(message: SiweMessage, domains: Collection[str], now: datetime) -> None:
    """Check a message of the example's address."""
    check_message(message, ADDRESS, domains, now)


def malformed(message: SiweMessage) -> str:
    """Return why a message is refused."""
    with pytest.raises(SignInRefused, match=r"^Verification failed!$") as refusal:
        check(message, DOMAINS, NOW)
    return refusal.value.reason


def test_the_example_of_the_standard() -> None:
    """The fields of EIP-4361's example give its text."""
    check(EXAMPLE, DOMAINS, NOW)
    assert message_text(EXAMPLE, ADDRESS) == EXAMPLE_TEXT


def test_every_optional_field() -> None:
    """All optional fields stand where the grammar has them, in its order."""
    message = changed(
        scheme="https",
        expiration_time="2099-01-01T00:00:00Z",
        not_before="2021-01-01T00:00:00.123+02:00",
        request_id="some_id",
        resources=[],
    )
    check(message, DOMAINS, NOW)
    lines = message_text(message, ADDRESS).split("\n")
    assert lines[0] == "https://service.org wants you to sign in with your Ethereum account:"
    assert lines[-5:] == [
        "Issued At: 2021-09-30T16:25:24Z",
        "Expiration Time: 2099-01-01T00:00:00Z",
        "Not Before: 2021-01-01T00:00:00.123+02:00",
        "Request ID: some_id",
        "Resources:",
    ]


@pytest.mark.parametrize(
    ("statement", "between"), [(None, "\n\n\n"), ("", "\n\n\n\n"), ("Hello", "\n\nHello\n\n")]
)
def test_the_statement(statement: str | None, between: str) -> None:
    """Without a statement two lines are empty; an empty one is a line of its own."""
    text = message_text(changed(statement=statement), ADDRESS)
    assert f"{ADDRESS}{between}URI: " in text


def test_the_chain_may_be_written_as_text() -> None:
    """A chain as a number or as digits gives the same text."""
    assert message_text(changed(chain_id="1"), ADDRESS) == EXAMPLE_TEXT
    assert chain_id_of(changed(chain_id="10")) == chain_id_of(changed(chain_id=10)) == 10


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_chain(missing: str | None) -> None:
    """Without a chain the session is bound to chain 1, and the text says so."""
    check(changed(chain_id=missing), DOMAINS, NOW)
    assert message_text(changed(chain_id=missing), ADDRESS) == EXAMPLE_TEXT
    assert chain_id_of(changed(chain_id=missing)) == 1


def test_texts_of_empty_fields() -> None:
    """Each empty field may or may not have a line; a field that says something has its own."""
    fields = ("statement", "resources", "request_id", "expiration_time", "not_before")
    nothing = changed(**dict.fromkeys(fields))
    texts = set(possible_texts(nothing, ADDRESS))
    assert len(texts) == 32
    assert set(possible_texts(changed(**dict.fromkeys(fields, "")), ADDRESS)) == texts
    assert set(likely_texts(nothing, ADDRESS)) == {
        text
        for text in texts
        if "Request" not in text and "Before" not in text and "Expiration" not in text
    }
    assert len(set(likely_texts(nothing, ADDRESS))) == 4
    full = changed(
        request_id="1", expiration_time="2099-01-01T00:00:00Z", not_before="2021-01-01T00:00:00Z"
    )
    assert [*possible_texts(full, ADDRESS)] == [*likely_texts(full, ADDRESS)]
    assert [*possible_texts(full, ADDRESS)] == [message_text(full, ADDRESS)]


def test_signer_and_nonce_in_lower_case() -> None:
    """The address and the nonce are compared in lower case."""
    assert signer_and_nonce(changed(nonce="ABCdef12")) == (ADDRESS.lower(), "abcdef12")


@pytest.mark.parametrize("absent", [None, ""])
@pytest.mark.parametrize("field", ["address", "nonce"])
def test_no_signer_or_nonce(field: str, absent: str | None) -> None:
    """A message without address or nonce is refused first of all."""
    with pytest.raises(SignInRefused, match=r"^Missing address or nonce!$"):
        signer_and_nonce(changed(**{field: absent}))


@pytest.mark.parametrize(
    "address", [ADDRESS[:-1], ADDRESS + "0", "0X" + ADDRESS[2:], "vitalik.eth", ADDRESS + "\n"]
)
def test_no_address(address: str) -> None:
    """Text other than `0x` and 40 hexadecimal digits is not an address."""
    with pytest.raises(SignInRefused, match=r"^Invalid address format!$"):
        signer_and_nonce(changed(address=address))


@pytest.mark.parametrize(
    "domain",
    [
        None,
        "",
        "evil.org",
        "service.org.",
        "service.org:443",
        "https://service.org",
        "service.org\nx",
        "ervice.or",
    ],
)
def test_another_domain(domain: str | None) -> None:
    """A message for a site that isn't listed exactly so is refused."""
    with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
        check(changed(domain=domain), DOMAINS, NOW)


def test_hosts_have_no_case() -> None:
    """A site is the same in any letter case."""
    check(changed(domain="Service.ORG"), DOMAINS, NOW)


def test_no_domains() -> None:
    """If no site is configured, no message is accepted."""
    with pytest.raises(SignInRefused):
        check(EXAMPLE, frozenset(), NOW)


@pytest.mark.parametrize(
    ("field", "offset", "counts"),
    [
        ("expiration_time", timedelta(0), False),
        ("expiration_time", timedelta(seconds=1), True),
        ("not_before", timedelta(0), True),
        ("not_before", timedelta(seconds=1), False),
    ],
)
def test_times(field: str, offset: timedelta, counts: bool) -> None:
    """A message counts from its beginning on, and until just before its end."""
    message = changed(**{field: (NOW + offset).isoformat()})
    if counts:
        check(message, DOMAINS, NOW)
    else:
        with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
            check(message, DOMAINS, NOW)


@pytest.mark.parametrize("field", ["issued_at", "expiration_time", "not_before"])
def test_an_invalid_time(field: str) -> None:
    """A malformed time is not taken for a distant one: the message is rejected."""
    name = {"issued_at": "issuedAt", "expiration_time": "expirationTime", "not_before": "notBefore"}
    for text in ("never", "2099-01-01", "2099-02-30T00:00:00Z", "2099-01-01T00:00:00"):
        assert malformed(changed(**{field: text})) == f"{name[field]} is malformed"


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_at_the_edge_of_the_calendar(text: str) -> None:
    """Times that UTC has no year for are compared like others."""
    if text.startswith("9"):
        check(changed(expiration_time=text), DOMAINS, NOW)
    else:
        check(changed(not_before=text), DOMAINS, NOW)


@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize("field", ["domain", "uri", "version", "issued_at"])
def test_a_field_that_must_be_there(field: str, missing: str | None) -> None:
    """A message without one of the fields that EIP-4361 asks for is refused."""
    assert malformed(changed(**{field: missing})).endswith(" is malformed")


@pytest.mark.parametrize(
    "fields",
    [
        {"statement": ""},
        {"request_id": ""},
        {"expiration_time": ""},
        {"not_before": ""},
        {"scheme": ""},
        {"resources": []},
        {"resources": None},
        {"chain_id": "0"},
        {"chain_id": "9" * 78},
        {"request_id": "a%20b:@!$&'()*+,;=-._~"},
        {"statement": ":/?#[]@!$&'()*+,;= aZ09-._~"},
        {"address": ADDRESS.lower()},
        {"address": "0x" + ADDRESS[2:].upper()},
        {"issued_at": "2016-12-31T23:59:60.5+00:00"},
    ],
    ids=repr,
)
def test_what_the_grammar_allows(fields: dict[str, object]) -> None:
    """Fields as EIP-4361 allows them, and optional ones that are empty, are accepted."""
    check(changed(**fields), DOMAINS, NOW)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"issued_at": "2021-09-30T16:25:24Z\nExpiration Time: 2022-01-01T00:00:00Z"}, "issuedAt"),
        ({"statement": "Hello\n\nURI: https://service.org"}, "statement"),
        ({"statement": "ünïcode"}, "statement"),
        ({"statement": "100%"}, "statement"),
        ({"resources": ["a:", "b:\n- c"]}, "resources"),
        ({"resources": [""]}, "resources"),
        ({"resources": ["https://a.example", "a b"]}, "resources"),
        ({"request_id": "a\rb"}, "requestId"),
        ({"request_id": "a b"}, "requestId"),
        ({"request_id": "a/b"}, "requestId"),
        ({"request_id": "%2"}, "requestId"),
        ({"uri": "a\0"}, "uri"),
        ({"uri": "not a uri"}, "uri"),
        ({"uri": "service.org/login"}, "uri"),
        ({"version": "2"}, "version"),
        ({"version": "1.0"}, "version"),
        ({"version": " 1"}, "version"),
        ({"nonce": "32891756\u2028"}, "nonce"),
        ({"nonce": "3289175"}, "nonce"),
        ({"nonce": "32891756-"}, "nonce"),
        ({"nonce": "\u0663" * 8}, "nonce"),
        ({"chain_id": -1}, "chainId"),
        ({"chain_id": "1 "}, "chainId"),
        ({"chain_id": "one"}, "chainId"),
        ({"chain_id": "0x1"}, "chainId"),
        ({"chain_id": "9" * 79}, "chainId"),
        ({"chain_id": "\u0661"}, "chainId"),
        ({"scheme": "evil.org wants you to sign in: https"}, "scheme"),
        ({"scheme": "1http"}, "scheme"),
        ({"scheme": "https://"}, "scheme"),
        ({"domain": "service.org\n"}, "domain"),
        ({"domain": "service.org/"}, "domain"),
        ({"address": ADDRESS.replace("C02", "c02")}, "address"),
    ],
)
def test_what_the_grammar_does_not_allow(fields: dict[str, object], name: str) -> None:
    """A field outside the grammar is named in the log, and the message is refused."""
    assert malformed(changed(**fields)) == f"{name} is malformed"


VALUES = st.sampled_from(
    [
        *[
            "",
            "1",
            "a:",
            "a b",
            "https://service.org/",
            "2021-09-30T16:25:24Z",
            "0000-00-00T00:00:00Z",
        ],
        *["service.org", "\n", "a:\n- b:", "\ud800", "0x1", "9" * 100, "32891756", "[::1]", "[:]"],
    ]
) | st.text(max_size=20)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: VALUES | st.none()
            for name in SiweMessage.__struct_fields__
            if name not in {"address", "domain", "resources"}
        },
    ),
    st.lists(VALUES, max_size=3),
)
def test_any_fields(fields: dict[str, object], resources: list[str]) -> None:
    """Whatever the fields are, a message is refused, or each field has a line of its own."""
    message = changed(**fields, resources=resources)
    try:
        check(message, DOMAINS, NOW)
    except SignInRefused:
        return
    text = message_text(message, ADDRESS)
    optional = (message.statement, message.expiration_time, message.not_before, message.request_id)
    named = sum(field is not None for field in optional)
    assert len(text.splitlines()) == 9 + named + 1 + len(resources)
    assert text.isascii()
    assert text in set(possible_texts(message, ADDRESS))
