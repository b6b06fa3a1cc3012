"""The options in the URL of a database."""

from __future__ import annotations

import ctypes
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.db import url_options
from passport_scorer.db.url_options import (
    CARRIED_OUT,
    LEFT_OUT,
    OF_DRIVER,
    OF_SERVER,
    REFUSED,
    SECRET,
    driver_address,
    options_left_out,
    options_of,
    refused_options,
    unknown_options,
)
from passport_scorer.tools.embedded_postgres import find_installation

DECIDED = (OF_DRIVER, OF_SERVER, CARRIED_OUT, LEFT_OUT, frozenset(REFUSED))


class Keyword(ctypes.Structure):
    """PQconninfoOption of libpq."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label")),
        ("dispchar", ctypes.c_char_p),
        ("dispsize", ctypes.c_int),
    ]


def keywords_of_libpq() -> dict[str, str]:
    """Every key word of the libpq that comes with the embedded server, and how it is shown."""
    libpq = ctypes.CDLL(str(find_installation().folder.parent / "lib" / "libpq.so"))
    libpq.PQconndefaults.restype = ctypes.POINTER(Keyword)
    defaults, found, index = libpq.PQconndefaults(), {}, 0
    while name := defaults[index].keyword:
        found[name.decode()] = defaults[index].dispchar.decode()
        index += 1
    return found


def test_every_key_word_of_libpq_is_decided() -> None:
    """Each is supported, ignored, or refused, and none twice; secret ones are known."""
    keywords = keywords_of_libpq()
    assert len(keywords) > 40
    for name in keywords:
        assert [name in names for names in DECIDED].count(True) == 1, name
    assert {name for name, shown in keywords.items() if shown == "*"} <= SECRET


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_makes_the_connection_safer_is_refused(name: str) -> None:
    """An unsupported option is refused, unless its value requires nothing."""
    assert refused_options({name: "require", "sslmode": "require"}) == [name]
    for harmless in REFUSED[name]:
        assert refused_options({name: harmless}) == []
        assert options_left_out({name: harmless}) == [name]


def test_ignored_options_are_named() -> None:
    """The driver gets none of it, because it would pass it on to the server."""
    url = "psql://me:p@h/d?sslmode=require&channel_binding=require&keepalives=1&hostaddr=10.0.0.1"
    assert options_left_out(options_of(url)) == ["channel_binding", "keepalives"]
    assert driver_address(url).dsn == "postgresql://me:p@h/d?sslmode=require"
    assert unknown_options(options_of(f"{url}&pgbouncer=true")) == ["pgbouncer"]


@pytest.mark.parametrize(
    ("given", "carried_out"),
    [
        ("requiressl=1", "sslmode=require"),
        ("requiressl=1&sslmode=verify-full", "sslmode=verify-full"),
        ("requiressl=0", ""),
        ("fallback_application_name=a", "application_name=a"),
        ("fallback_application_name=a&application_name=b", "application_name=b"),
        ("options=-c%20geqo%3Doff", "options=-c%20geqo%3Doff"),
        ("search_path=a%2Cb", "search_path=a%2Cb"),
        ("target_session_attrs=any&target_session_attrs=primary", "target_session_attrs=primary"),
    ],
)
def test_applied_options(given: str, carried_out: str) -> None:
    """Options that mean another one become it; what the server knows goes to the server."""
    expected = "postgresql:///d" + (f"?{carried_out}" if carried_out else "")
    assert driver_address(f"postgresql:///d?{given}").dsn == expected


def test_the_number_of_a_host_is_used_where_there_is_no_name() -> None:
    """If there is a name, too, it is looked up, and certificates are checked against it."""
    assert driver_address("postgresql:///d?hostaddr=::1").dsn == "postgresql:///d?host=%3A%3A1"
    both = "postgresql:///d?host=h&hostaddr=10.0.0.1"
    assert driver_address(both).dsn == "postgresql:///d?host=h"
    assert options_left_out(options_of(both)) == ["hostaddr"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("1", 2), ("0", None), ("-1", None), ("soon", None), ("9" * 30, None)],
)
def test_the_time_to_connect(text: str, seconds: float | None) -> None:
    """As libpq has it: 2 s at least; 0 or less means no limit."""
    address = driver_address(f"postgresql:///d?connect_timeout={text}")
    assert (address.connect_timeout, address.dsn) == (seconds, "postgresql:///d")


def test_the_authorities_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sslrootcert=system` is their file, and asks for a certificate of the right name."""
    url = "postgresql://h/d?sslrootcert=system&sslmode=require"
    monkeypatch.setattr(url_options, "system_authorities", lambda: "/etc/authorities.pem")
    options = options_of(driver_address(url).dsn)
    assert options == {"sslrootcert": "/etc/authorities.pem", "sslmode": "verify-full"}
    monkeypatch.setattr(url_options, "system_authorities", lambda: None)
    options = options_of(driver_address(url).dsn)
    assert options == {"sslrootcert": "system", "sslmode": "verify-full"}


@given(user=st.text(min_size=1), password=st.text(min_size=1), at=st.booleans())
def test_users_and_passwords_arrive(user: str, password: str, at: bool) -> None:
    """Whatever is in them, the driver, which takes the first `@`, finds them and the host."""
    safe = "@" if at else ""  # not quoted by some; it is clear all the same what is meant
    quoted = f"{quote(user, safe='')}:{quote(password, safe=safe)}"
    dsn = driver_address(f"postgresql://{quoted}@h:1/d").dsn
    user_part, _, host = urlsplit(dsn).netloc.partition("@")
    found, _, secret = user_part.partition(":")
    assert (unquote(found), unquote(secret), host) == (user, password, "h:1")
