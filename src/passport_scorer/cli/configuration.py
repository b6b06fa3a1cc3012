"""`passport-scorer config`: the configuration as it is in effect."""

from __future__ import annotations

import textwrap

from passport_scorer.cli.output import Json, line_width, print_json
from passport_scorer.settings.report import EffectiveSetting, effective_settings

_LONGEST = 100  # characters of a line of prose, however wide the terminal is
_INDENT = "    "


def config(*, json: Json = False) -> None:
    """Show the configuration that is in effect: each variable, its value, where it comes from.

    Secrets are hidden, so the output may be shown to others. A malformed variable is one line
    that names it, and exit status 2, as when the service starts.
    """
    settings = list(effective_settings())
    if json:
        print_json(settings)
        return
    width = min(line_width(), _LONGEST)
    print("\n".join(_lines(setting, width) for setting in settings))


def _lines(setting: EffectiveSetting, width: int) -> str:
    """Return a setting for people: its value in one piece, what it means below it."""
    first = f"{setting.variable}={setting.value}  ({setting.source})"
    meaning = textwrap.fill(
        setting.meaning,
        max(width, 40),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return f"{first}\n{meaning}"
