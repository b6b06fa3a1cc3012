"""`passport-scorer config`: shows the effective configuration."""

from __future__ import annotations

import textwrap

from passport_scorer.cli.output import Json, line_width, print_json
from passport_scorer.settings.report import EffectiveSetting, effective_settings

_LONGEST = 100  # maximum characters of a line of prose
_INDENT = "    "


def config(*, json: Json = False) -> None:
    """Show the effective configuration: each variable, its value, source and meaning.

    Secrets are hidden, so the output can be shared. Malformed variables are reported with one line
    each and exit status 2, as when the service starts.

    For example:

        passport-scorer config

        passport-scorer config --json
    """
    settings = list(effective_settings())
    if json:
        print_json(settings)
        return
    width = min(line_width(), _LONGEST)
    print("\n".join(_lines(setting, width) for setting in settings))


def _lines(setting: EffectiveSetting, width: int) -> str:
    """Return a setting as text: its value on one line, its meaning below it."""
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
