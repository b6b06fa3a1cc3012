"""The text that an owner signs, and when a message counts."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from passport_scorer.domain.siwe import (
    SignInRefused,
    SiweMessage,
    check_message,
    is_for_chain,
    message_text,
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


def test_the_example_of_the_standard() -> None:
    """The fields of EIP-4361's example give its text."""
    check_message(EXAMPLE, DOMAINS, NOW)
    assert message_text(EXAMPLE, ADDRESS) == EXAMPLE_TEXT


def test_every_optional_field() -> None:
    """All optional fields stand where the grammar has them, in its order."""
    message = changed(
        scheme="https",
        expiration_time="2099-01-01T00:00:00Z",
        not_before="2021-01-01T00:00:00.123+02:00",
        request_id="some id",
        resources=[],
    )
    check_message(message, DOMAINS, NOW)
    lines = message_text(message, ADDRESS).split("\n")
    assert lines[0] == "https://service.org wants you to sign in with your Ethereum account:"
    assert lines[-5:] == [
        "Issued At: 2021-09-30T16:25:24Z",
        "Expiration Time: 2099-01-01T00:00:00Z",
        "Not Before: 2021-01-01T00:00:00.123+02:00",
        "Request ID: some id",
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
    assert is_for_chain(changed(chain_id="1"), 1)
    assert not is_for_chain(changed(chain_id=10), 1)


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
    """What isn't `0x` and 40 hexadecimal digits is no address."""
    with pytest.raises(SignInRefused, match=r"^Invalid address format!$"):
        signer_and_nonce(changed(address=address))


@pytest.mark.parametrize(
    "domain", [None, "", "evil.org", "Service.org", "service.org.", "service.org\nx", "ervice.or"]
)
def test_another_domain(domain: str | None) -> None:
    """A message for a site that isn't listed exactly so is refused."""
    with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
        check_message(changed(domain=domain), DOMAINS, NOW)


def test_no_domains() -> None:
    """Where no site is listed nobody gets in."""
    with pytest.raises(SignInRefused):
        check_message(EXAMPLE, frozenset(), NOW)


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
        check_message(message, DOMAINS, NOW)
    else:
        with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
            check_message(message, DOMAINS, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "2099-01-01",
        "2099-01-01T00:00:00",
        "2099-13-01T00:00:00Z",
        "2099-01-01T00:00:60Z",
        "2099-01-01T00:00:00+99:00",
        "４099-01-01T00:00:00Z",
        "Thu, 01 Jan 2099 00:00:00 GMT",
    ],
)
def test_a_time_that_is_none(text: str) -> None:
    """An end that can't be read is no end that is far away: the message is refused."""
    with pytest.raises(SignInRefused):
        check_message(changed(expiration_time=text), DOMAINS, NOW)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_at_the_edge_of_the_calendar(text: str) -> None:
    """Times that UTC has no year for are compared like others."""
    if text.startswith("9"):
        check_message(changed(expiration_time=text), DOMAINS, NOW)
    else:
        check_message(changed(not_before=text), DOMAINS, NOW)


@pytest.mark.parametrize("field", ["uri", "version", "chain_id", "issued_at"])
def test_a_field_that_must_be_there(field: str) -> None:
    """A message without one of the fields that EIP-4361 asks for is refused."""
    with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
        check_message(changed(**{field: None}), DOMAINS, NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {"issued_at": "2021-09-30T16:25:24Z\nExpiration Time: 2022-01-01T00:00:00Z"},
        {"statement": "Hello\n\nURI: https://service.org"},
        {"resources": ["a", "b\n- c"]},
        {"request_id": "a\rb"},
        {"uri": "a\0"},
        {"nonce": "32891756\u2028"},
        {"chain_id": -1},
        {"chain_id": "1 "},
        {"chain_id": "one"},
        {"scheme": "evil.org wants you to sign in: https"},
        {"scheme": "1http"},
    ],
)
def test_a_text_that_could_be_read_in_two_ways(fields: dict[str, object]) -> None:
    """A field that would look like several lines, or like another site, is refused."""
    with pytest.raises(SignInRefused, match=r"^Verification failed!$"):
        check_message(changed(**fields), DOMAINS, NOW)
