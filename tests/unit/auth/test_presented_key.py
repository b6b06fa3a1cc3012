"""Which key the headers of a call present."""

import pytest

from passport_scorer.auth.api_keys import DemoKey, PresentedKey, presented_key
from passport_scorer.domain.api_key import InvalidApiKey

NO_DEMO = DemoKey()
DEMO = DemoKey("demo.secret", frozenset({"public", "other.alias"}))


@pytest.mark.parametrize(
    ("x_api_key", "authorization", "key"),
    [
        ("abc.secret", None, "abc.secret"),
        ("abc.secret", "Bearer other.key", "abc.secret"),
        (None, "Bearer abc.secret", "abc.secret"),
        ("", "Token abc.secret", "abc.secret"),
        (None, "Bearer   abc.secret ", "abc.secret"),
        ("abc.secret.with.dots", None, "abc.secret.with.dots"),
        ("12345678." + "s" * 191, None, "12345678." + "s" * 191),
    ],
)
def test_the_header_for_keys_comes_first(
    x_api_key: str | None, authorization: str | None, key: str
) -> None:
    """X-API-Key counts, else what follows the scheme in Authorization."""
    presented = presented_key(x_api_key, authorization, NO_DEMO)
    assert presented == PresentedKey(key.partition(".")[0], key)


@pytest.mark.parametrize(
    ("x_api_key", "authorization"),
    [
        (None, None),
        ("", ""),
        (None, "abc.secret"),
        (None, "Bearer"),
        (None, "Bearer "),
        ("nodot", None),
        (".secret", None),
        ("abc.", None),
        (".", None),
        ("123456789.secret", None),
        ("12345678." + "s" * 192, None),
        ("abc.secr\u00e9t", None),
        ("abc.se\x00cret", None),
        ("abc.se\ncret", None),
        ("nodot", "Bearer abc.secret"),
    ],
)
def test_what_does_not_look_like_a_key_is_refused(
    x_api_key: str | None, authorization: str | None
) -> None:
    """No key, or one not of the form `<prefix>.<secret>`, gets the sentence of all failures."""
    with pytest.raises(InvalidApiKey, match=r"^Invalid API Key\.$"):
        presented_key(x_api_key, authorization, NO_DEMO)


@pytest.mark.parametrize("presented", ["public", "other.alias", "demo.secret"])
def test_an_alias_stands_for_the_demo_key(presented: str) -> None:
    """An alias of the demo key, in either header, presents the demo key."""
    expected = PresentedKey("demo", "demo.secret")
    assert presented_key(presented, None, DEMO) == expected
    assert presented_key(None, f"Bearer {presented}", DEMO) == expected


def test_an_alias_without_a_demo_key_stands_for_nothing() -> None:
    """Where no demo key is configured, an alias is a key like any other."""
    aliases = DemoKey(None, frozenset({"public", "other.alias"}))
    assert presented_key("other.alias", None, aliases).key == "other.alias"
    with pytest.raises(InvalidApiKey):
        presented_key("public", None, aliases)


def test_a_presented_key_does_not_show_its_secret() -> None:
    """The printed form of a key shows the prefix alone."""
    presented = presented_key("abc.secret", None, NO_DEMO)
    assert repr(presented) == str(presented) == f"{presented}" == "PresentedKey('abc')"
