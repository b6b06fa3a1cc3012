"""Look up the row of an error, and where the page `/errors` explains a response.

Source: RFC 8288; HTML Standard, link type `help`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from passport_scorer.api.http.error_reference import ERROR_TABLE, ErrorHelp
from passport_scorer.domain.errors import PassportScorerError


class ErrorList(msgspec.Struct, frozen=True):
    """The table, for programs.

    Attributes:
        errors: ordered by status.
    """

    errors: list[ErrorHelp]


ERRORS: Mapping[str, ErrorHelp] = {entry.code: entry for entry in ERROR_TABLE}

# A known key with a wrong secret must look like an unknown key.
_SHOWN_AS = {"wrong_secret": "invalid_api_key"}
STATUSES: Mapping[str, int] = {entry.code: entry.status for entry in ERROR_TABLE} | {
    code: ERRORS[shown].status for code, shown in _SHOWN_AS.items()
}
# Explains a response whose error has no row with this status.
_OF_STATUS = {
    ERRORS[code].status: code
    for code in (
        *("not_found", "method_not_allowed", "too_long", "path_too_long", "headers_too_long"),
        *("invalid_request", "internal_error", "service_busy"),
    )
}


def help_of(error: type[PassportScorerError]) -> ErrorHelp:
    """Return the row of an error class.

    Raises:
        KeyError: no caller can meet this error.
    """
    return ERRORS[_SHOWN_AS.get(error.code, error.code)]


def help_target(root: str, status: int, code: str | None) -> str:
    """Return where the page explains a response: `/errors#invalid_address`.

    Args:
        root: the path prefix of the service; empty without one.
        status: of the response, 400 or above.
        code: of the error that was raised; None without one.
    """
    entry = ERRORS.get(_SHOWN_AS.get(code, code) if code else "")
    anchor = entry.code if entry and entry.status == status else _OF_STATUS.get(status)
    return f"{root}/errors#{anchor}" if anchor else f"{root}/errors"
