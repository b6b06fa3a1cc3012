"""Which database a URL names, and how it is reached."""

import pytest

from passport_scorer.db.url import InvalidDatabaseLocation, secured, without_password


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@db.example.com/scorer",
        "postgres://me:p@10.0.0.1:5432/scorer",
        "postgresql://me:p@localhost,db.example.com:5433/scorer",
        "postgresql://me:p@/scorer?host=db.example.com",
        "postgresql:///scorer?hostaddr=192.0.2.1",
        "postgresql://me:p@db.example.com/scorer?requiressl=0",
    ],
)
def test_what_leaves_the_machine_is_encrypted(url: str) -> None:
    """sslmode=require is added to the address of another machine."""
    assert secured(url, "DATABASE_URL") == f"{url}{'&' if '?' in url else '?'}sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@db.example.com/scorer?sslmode=disable",
        "postgresql://me:p@db.example.com/scorer?requiressl=1",
        "postgresql://me:p@localhost/scorer",
        "postgresql://me:p@127.0.0.2:5432/scorer",
        "postgresql://me:p@[::1]/scorer",
        "postgresql://me@/scorer?host=/run/postgresql",
        "postgresql://me@%2Frun%2Fpostgresql/scorer",
        "postgresql:///scorer",
    ],
)
def test_other_addresses_stay_as_they_are(url: str) -> None:
    """An sslmode in the URL wins; a connection inside the machine needs none."""
    assert secured(url, "DATABASE_URL") == url


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
    """A URL can be shown once its password is removed, wherever it was."""
    assert without_password(url) == (shown, password)


@pytest.mark.parametrize(
    "scheme",
    [
        *("postgresql", "postgres", "psql", "pgsql", "postgis", "timescale", "PSQL"),
        *("postgresql+asyncpg", "postgresql+psycopg2", "postgres+pg8000"),
    ],
)
def test_every_spelling_of_the_scheme(scheme: str) -> None:
    """Other programs' names for PostgreSQL's scheme are accepted, and become psql's."""
    url = secured(f"{scheme}://me:p@localhost/scorer", "DATABASE_URL")
    assert url in {f"{known}://me:p@localhost/scorer" for known in ("postgresql", "postgres")}


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://h/d", "postgresqlx://h/d", "postgresql+://h/d", "sqlite:///d", "h/d", "d"),
        *("postgresql://h", "postgresql://h/", "postgresql://h/d#f", "postgresql://h:p/d"),
        "postgresql://h/\udcff",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """A URL that is not PostgreSQL's, or names no database, is refused."""
    with pytest.raises(InvalidDatabaseLocation):
        secured(url, "DATABASE_URL")


def test_the_database_may_be_an_option() -> None:
    """As libpq has it, an option may name the database."""
    url = "postgresql://localhost/?dbname=scorer"
    assert secured(url, "DATABASE_URL") == url


def test_the_environment_of_libpq_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """PGHOST may lead to another machine, and PGSSLMODE decides on encryption."""
    monkeypatch.setenv("PGHOST", "/run/postgresql,db.example.com")
    url = "postgresql:///scorer"
    assert secured(url, "DATABASE_URL") == f"{url}?sslmode=require"
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert secured(url, "DATABASE_URL") == url


@pytest.mark.parametrize("option", ["require_auth", "requirepeer", "sslcrldir", "scram_client_key"])
def test_an_option_that_can_not_be_carried_out_is_named(option: str) -> None:
    """The message names the variable and the option, but neither its value nor the password."""
    url = f"postgresql://me:SECRET@h/d?{option}=SECRET"
    with pytest.raises(InvalidDatabaseLocation) as refused:
        secured(url, "RDS_PROXY_URL")
    assert refused.value.message.startswith(f"RDS_PROXY_URL: {option} ")
    assert "SECRET" not in refused.value.message
    assert "\n" not in refused.value.message


def test_all_that_is_secret_is_taken_out() -> None:
    """Passwords of keys are no more shown than that of the user."""
    url = "postgresql://me@h/d?sslpassword=SECRET&sslmode=require&oauth_client_secret=SECRET&pwd=SECRET"
    assert without_password(url) == ("postgresql://me@h/d?sslmode=require", None)


def test_a_malformed_address_is_named_by_its_variable_alone() -> None:
    """The message names the variable, and contains no part of the URL."""
    with pytest.raises(InvalidDatabaseLocation) as refused:
        secured("postgresql://me:se#cret@host/d", "RDS_PROXY_URL")
    assert refused.value.message.startswith("RDS_PROXY_URL is not a URL")
    assert "cret" not in refused.value.message
    assert refused.value.__cause__ is None
