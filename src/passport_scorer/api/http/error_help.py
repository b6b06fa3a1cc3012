"""Where an error is explained: `/errors` shows the table, `Link` leads to an entry of it.

Source: RFC 8288; HTML Standard, link type `help`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from passport_scorer.api.http.error_reference import ERROR_TABLE, ErrorHelp


class ErrorList(msgspec.Struct, frozen=True):
    """The table, for programs.

    Attributes:
        errors: in the order of their statuses.
    """

    errors: list[ErrorHelp]


ERRORS: Mapping[str, ErrorHelp] = {entry.code: entry for entry in ERROR_TABLE}

# A known key with a wrong secret must look like an unknown one.
_SHOWN_AS = {"wrong_secret": "invalid_api_key"}
STATUSES: Mapping[str, int] = {entry.code: entry.status for entry in ERROR_TABLE} | {
    code: ERRORS[shown].status for code, shown in _SHOWN_AS.items()
}
# What an answer means whose error has no entry of this status.
_OF_STATUS = {
    ERRORS[code].status: code
    for code in (
        *("not_found", "method_not_allowed", "too_long", "path_too_long", "headers_too_long"),
        *("invalid_request", "internal_error", "service_busy"),
    )
}


def help_target(root: str, status: int, code: str | None) -> str:
    """Return where the page explains an answer: `/errors#invalid_address`.

    Args:
        root: the path prefix of the service; empty if there is none.
        status: of the answer, 400 or above.
        code: of the error that was raised; None if none was.
    """
    entry = ERRORS.get(_SHOWN_AS.get(code, code) if code else "")
    anchor = entry.code if entry and entry.status == status else _OF_STATUS.get(status)
    return f"{root}/errors#{anchor}" if anchor else f"{root}/errors"
