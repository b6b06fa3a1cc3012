"""Stand-ins for AWS in tests: servers that speak the same protocols, on this machine."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

WAIT_SECONDS = 30
Response = tuple[int, Mapping[str, str], bytes]
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/\d{8}/(?P<region>[\w-]+)/secretsmanager/"
    r"aws4_request, SignedHeaders=(?P<headers>[\w;-]+), Signature=[0-9a-f]{64}"
)


class Answers(Protocol):
    """Answers requests."""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one request."""


class Servers:
    """Runs what answers requests on a free port of this machine."""

    @staticmethod
    @contextmanager
    def running(answers: Answers) -> Iterator[str]:
        """Run a server for a while; gives `host:port`."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answered, content = answers.answer(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in answered.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815  the name that the library looks for

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class SecretsManager:
    """AWS Secrets Manager with one secret. Only signed requests are answered."""

    ARN = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:scorer-AbCdEf"

    def __init__(self) -> None:
        self.text: str | None = "{}"
        self.failing: tuple[int, str] | None = None
        self.asked = 0
        self.signatures: list[str] = []

    @staticmethod
    def environment(place: str) -> dict[str, str]:
        """The variables with which AWS's library finds it, and may ask it."""
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://{place}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "a-very-secret-access-key",
            "AWS_SESSION_TOKEN": "a-very-secret-session-token",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer `GetSecretValue`."""
        self.asked += 1
        if self.failing:
            return self._fail(*self.failing)
        signed = _SIGNED.fullmatch(headers.get("authorization", ""))
        if (
            signed is None
            or signed["key"] != "AKIDEXAMPLE"
            or signed["region"] != "eu-west-3"
            or not {"host", "x-amz-date", "x-amz-target"} <= set(signed["headers"].split(";"))
            or headers.get("x-amz-security-token") != "a-very-secret-session-token"
        ):
            return self._fail(400, "IncompleteSignatureException")
        self.signatures.append(signed[0])
        if (method, headers.get("x-amz-target")) != ("POST", "secretsmanager.GetSecretValue"):
            return self._fail(400, "InvalidRequestException")
        if self.text is None or json.loads(body)["SecretId"] != self.ARN:
            return self._fail(400, "ResourceNotFoundException")
        return self._answer(200, {"ARN": self.ARN, "Name": "scorer", "SecretString": self.text})

    def _fail(self, status: int, code: str) -> Response:
        return self._answer(status, {"__type": code, "Message": "a message of AWS"})

    def _answer(self, status: int, content: Mapping[str, Any]) -> Response:
        headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "1"}
        return status, headers, json.dumps(content).encode()


class RuntimeApi:
    """AWS Lambda's interface for runtimes: hands out events, and takes their results.

    Attributes:
        snapshot: set when a sandbox is ready for its snapshot.
        restored: the sandbox continues when it is set.
    """

    PREFIX = "/2018-06-01/runtime/"

    def __init__(self, deadline: Callable[[], int]) -> None:
        self._deadline = deadline
        self._events: queue.Queue[bytes] = queue.Queue()
        self._results: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._number = 0
        self.snapshot, self.restored = threading.Event(), threading.Event()

    def invoke(self, event: object) -> tuple[str, Any]:
        """Have an event handled; returns `response` or `error`, and what was handed back."""
        self._events.put(json.dumps(event).encode())
        kind, body = self._results.get(timeout=WAIT_SECONDS)
        return kind, json.loads(body)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer the runtime's client, which waits for the next event most of the time."""
        what = path.removeprefix(self.PREFIX)
        if what == "invocation/next":
            event = self._events.get()
            self._number += 1
            return 200, self._head(), event
        if what == "restore/next":
            self.snapshot.set()
            self.restored.wait(WAIT_SECONDS)
            return 200, {}, b""
        self._results.put((what.rpartition("/")[2], body))
        return 202, {"content-type": "application/json"}, b'{"status":"OK"}'

    def _head(self) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": f"8476a536-e9f4-11e8-9739-{self._number:012}",
            "Lambda-Runtime-Deadline-Ms": str(self._deadline()),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-3:1:function:scorer",
            "Lambda-Runtime-Trace-Id": "Root=1-67c1c3a1-1f2e3d4c5b6a79880f1e2d3c;Sampled=0",
            "content-type": "application/json",
        }
