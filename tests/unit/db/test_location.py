"""Which database the environment names."""

import pytest

from passport_scorer.db.location import (
    DatabaseLocationError,
    database_url,
    embedded_folder,
    without_password,
)


def test_database_url_comes_first() -> None:
    """RDS_PROXY_URL counts where there is no DATABASE_URL."""
    proxy, direct = "postgresql://me@localhost/proxy", "postgresql://me@localhost/direct"
    assert database_url({"RDS_PROXY_URL": proxy, "DATABASE_URL": direct}) == direct
    assert database_url({"RDS_PROXY_URL": proxy, "DATABASE_URL": ""}) == proxy


def test_without_either_it_is_the_embedded_one() -> None:
    """An environment that names no database means the embedded one."""
    assert database_url({}) is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@db.example.com/scorer",
        "postgres://me:p@10.0.0.1:5432/scorer",
        "postgresql://me:p@localhost,db.example.com:5433/scorer",
        "postgresql://me:p@/scorer?host=db.example.com",
    ],
)
def test_what_leaves_the_machine_is_encrypted(url: str) -> None:
    """sslmode=require is added to the address of another machine."""
    secured = database_url({"DATABASE_URL": url})
    assert secured == f"{url}{'&' if '?' in url else '?'}sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@db.example.com/scorer?sslmode=disable",
        "postgresql://me:p@localhost/scorer",
        "postgresql://me:p@127.0.0.2:5432/scorer",
        "postgresql://me:p@[::1]/scorer",
        "postgresql://me@/scorer?host=/run/postgresql",
        "postgresql://me@%2Frun%2Fpostgresql/scorer",
        "postgresql:///scorer",
    ],
)
def test_other_addresses_stay_as_they_are(url: str) -> None:
    """Whoever names an sslmode has decided; what stays on the machine needs none."""
    assert database_url({"DATABASE_URL": url}) == url


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("postgresql://me:s%40cret@h:1/d", "postgresql://me@h:1/d", "s@cret"),
        ("postgresql://me@h/d", "postgresql://me@h/d", None),
        (
            "postgresql://me@h/d?password=s&sslmode=require",
            "postgresql://me@h/d?sslmode=require",
            "s",
        ),
        ("postgresql:///d?host=/run/x", "postgresql:///d?host=/run/x", None),
    ],
)
def test_the_password_is_taken_out(url: str, shown: str, password: str | None) -> None:
    """An address can be shown once its password is out of it, wherever it stood."""
    assert without_password(url) == (shown, password)


def test_a_malformed_address_is_named_by_its_variable_alone() -> None:
    """The message names the variable, and holds nothing of the address."""
    with pytest.raises(DatabaseLocationError) as refused:
        database_url({"RDS_PROXY_URL": "postgresql://me:se#cret@host/d"})
    assert refused.value.message.startswith("RDS_PROXY_URL is not an address")
    assert "cret" not in refused.value.message
    assert refused.value.__cause__ is None


def test_the_embedded_server_lives_below_the_project() -> None:
    """Its folder is .passport-scorer/postgresql, or below PASSPORT_SCORER_HOME."""
    assert str(embedded_folder({})) == ".passport-scorer/postgresql"
    assert str(embedded_folder({"PASSPORT_SCORER_HOME": "/data"})) == "/data/postgresql"
