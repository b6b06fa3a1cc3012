"""The parts of uvicorn that the server overrides exist in the installed version.

`pyproject.toml` bounds uvicorn's version to those with which these tests and those of the
connections have run. A newer one may stop calling what is overridden here without an error.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from passport_scorer.server.flow_control import ConnectionFlow
from passport_scorer.server.http_exchange import Exchange
from passport_scorer.server.http_protocol import HttpConnection
from passport_scorer.server.listener_state import ListenerState
from passport_scorer.server.uvicorn_server import _Server

PROJECT = Path(__file__).parents[3] / "pyproject.toml"
OVERRIDDEN = {
    (HttpConnection, HttpToolsProtocol): {
        *("connection_made", "connection_lost", "data_received", "shutdown"),
        *("pause_writing", "resume_writing", "on_response_complete", "_start_asgi_task"),
        *("on_message_begin", "on_header", "on_headers_complete", "on_body"),
        "on_message_complete",
    },
    (Exchange, RequestResponseCycle): {"run_asgi", "receive"},
    (ConnectionFlow, FlowControl): {
        *("pause_reading", "resume_reading", "pause_writing", "resume_writing")
    },
    (_Server, Server): {"capture_signals", "startup", "shutdown"},
    (ListenerState, ServerState): set(),
}


def methods(kind: type) -> set[str]:
    """The methods that a class itself defines, constructors aside."""
    return {name for name, value in vars(kind).items() if inspect.isfunction(value)} - {"__init__"}


@pytest.mark.parametrize("pair", list(OVERRIDDEN), ids=lambda pair: pair[0].__name__)
def test_overridden_callbacks_exist(pair: tuple[type, type]) -> None:
    """Each callback that a class of ours overrides is one of uvicorn's, no more and no less."""
    ours, uvicorns = pair
    own = [kind for kind in ours.__mro__ if kind.__module__.startswith("passport_scorer.")]
    overridden = set().union(*map(methods, own)) & methods(uvicorns)
    assert overridden == OVERRIDDEN[pair]


def test_a_parser_calls_the_overridden_callbacks() -> None:
    """The protocol hands itself to the parser, which finds its callbacks by their names."""
    source = inspect.getsource(HttpToolsProtocol.__init__)
    assert "httptools.HttpRequestParser(self)" in source


def test_the_installed_version_is_the_newest_within_the_bound() -> None:
    """The upper bound in pyproject.toml is the next minor version after the tested one."""
    listed = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    (bounds,) = [one for one in listed if one.startswith("uvicorn")]
    major, minor, *_ = map(int, version("uvicorn").split("."))
    assert re.fullmatch(rf"uvicorn>=[0-9.]+,<{major}\.{minor + 1}", bounds)
