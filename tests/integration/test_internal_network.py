"""The access to internal endpoints is checked before anything is served."""

from __future__ import annotations

from contextlib import closing

import pytest

from passport_scorer.cli.internal_network import check_internal_network
from passport_scorer.server.sockets import listen
from passport_scorer.settings.model import Settings
from passport_scorer.settings.variables import InvalidSetting
from tests.support.captured_logs import capture_logs

EVERYWHERE = "0.0.0.0"
HERE = "127.0.0.1"


def checked(settings: Settings, public: str, internal: str | None) -> list[list[str]]:
    """Where internal endpoints need no token, as the log says it."""
    with closing(listen(public, 0)) as public_listener, capture_logs() as logs:
        if internal is None:
            check_internal_network(settings, public_listener, None)
        else:
            with closing(listen(internal, 0)) as internal_listener:
                check_internal_network(settings, public_listener, internal_listener)
    return [[place.partition(" ")[0] for place in line["reachable_at"]] for line in logs]


@pytest.mark.parametrize("on_public", [False, True])
def test_with_a_token_any_listener_will_do(on_public: bool) -> None:
    """The token protects the endpoints on both listeners, and there is no warning."""
    settings = Settings(cgrants_api_token="token", internal_on_public_listener=on_public)
    assert checked(settings, EVERYWHERE, EVERYWHERE) == []


def test_without_a_token_the_public_must_not_reach_them() -> None:
    """A public listener that others can reach is refused, in a line that names both settings."""
    with pytest.raises(InvalidSetting) as refused:
        checked(Settings(internal_on_public_listener=True), EVERYWHERE, None)
    assert refused.value.message == (
        "INTERNAL_ON_PUBLIC_LISTENER: needs CGRANTS_API_TOKEN, "
        "or a public listener that only this machine can reach."
    )


@pytest.mark.parametrize(
    ("on_public", "internal", "said"),
    [
        (False, None, []),
        (False, HERE, [[HERE]]),
        (False, EVERYWHERE, [[EVERYWHERE]]),
        (True, None, [[HERE]]),
        (True, EVERYWHERE, [[EVERYWHERE, HERE]]),
    ],
)
def test_without_a_token_it_is_said_where_they_are(
    on_public: bool, internal: str | None, said: list[list[str]]
) -> None:
    """Loopback and the internal listener serve them without a token, and the log says so."""
    settings = Settings(internal_on_public_listener=on_public)
    assert checked(settings, HERE, internal) == said
