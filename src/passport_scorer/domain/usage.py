"""The use of an API key, as it is recorded.

Source: docs/rules/authentication.md, "Usage analytics".
"""

from datetime import datetime

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False):
    """One call of a partner; fields that end in `_json` are JSON texts.

    Attributes:
        api_key_id: `account_accountapikey.id`.
        created_at: aware.
        path: the path of the request.
        base_path: its first segment.
        path_segments_json: all its segments: a list.
        query_params_json: name -> list of values.
        headers_json: name -> value, secrets masked.
        payload_json: the body of the request; None if it is not recorded.
        response_json: the body of the response; None if it is not recorded.
        response_skipped: True if the response is left out on purpose.
        error: why the call failed; None if it did not.
        status_code: the HTTP status.
    """

    api_key_id: str
    created_at: datetime
    path: str
    base_path: str
    path_segments_json: str
    query_params_json: str
    headers_json: str
    payload_json: str | None
    response_json: str | None
    response_skipped: bool
    error: str | None
    status_code: int
