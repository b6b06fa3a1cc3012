"""The function: every kind of event, what lives between events, and what goes wrong."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from passport_scorer.aws_lambda.function import LONGEST_IDLE, LambdaFunction
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .amazon import Response, SecretsManager, Servers
from .conftest import MakeFunction, Sandbox, recorded

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

ADDRESS = {person.name: person.address for person in PEOPLE}
BOB = f"/v2/stamps/1/score/{ADDRESS['bob']}"
NONCE = "/account/nonce"
SENDERS = ("load_balancer", "load_balancer_multi_value", "function_url", "api_gateway_v2")
TOKEN = "the token of the internal network"
INTERNAL = "/internal/embed/weights"
FAULT = "Something went wrong on our side. Please try again later."


class Remaining:
    """A call's context with the remaining milliseconds."""

    def __init__(self, milliseconds: int = 30_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining milliseconds."""
        return self._milliseconds


def ask(function: LambdaFunction, event: object, milliseconds: int = 30_000) -> dict[str, Any]:
    """Call a function as AWS does: events and answers are JSON."""
    answer = function(json.loads(json.dumps(event)), Remaining(milliseconds))
    decoded: dict[str, Any] = json.loads(json.dumps(answer))
    return decoded


def seen(answer: Mapping[str, Any]) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    assert not answer["isBase64Encoded"]
    return answer["statusCode"], json.loads(answer["body"])


def posted(sender: str, path: str, body: bytes, *, token: str | None = None) -> dict[str, Any]:
    """An event with a body, which AWS encodes as base64."""
    event = recorded(sender, path, body=base64.b64encode(body).decode(), isBase64Encoded=True)
    if "httpMethod" in event:
        event["httpMethod"] = "POST"
    else:
        event["requestContext"]["http"]["method"] = "POST"
    if token:
        several = "multiValueHeaders" in event
        headers = event["multiValueHeaders" if several else "headers"]
        headers["authorization"] = [token] if several else token
    return event


@pytest.mark.parametrize("sender", SENDERS)
def test_a_score(make_function: MakeFunction, sandbox: Sandbox, sender: str) -> None:
    """Each sender gets the same answer, and the call is recorded before it gets it."""
    function = make_function()
    for number in (1, 2, 3):
        answer = ask(function, recorded(sender, BOB))
        status, score = seen(answer)
        assert (status, score["address"], score["score"]) == (200, ADDRESS["bob"], "0.72400")
        headers = answer["multiValueHeaders" if sender.endswith("multi_value") else "headers"]
        assert "application/json" in headers["content-type"]
        assert sandbox.usage() == number


def test_a_health_check_of_a_load_balancer(make_function: MakeFunction) -> None:
    """It is answered without the database, as the load balancer wants it."""
    answer = ask(make_function(), recorded("load_balancer_health_check", ""))
    assert seen(answer) == (200, {"status": "ok"})
    assert answer["statusDescription"] == "200 OK"


@pytest.mark.parametrize("sender", SENDERS)
def test_errors_lead_to_the_page_that_explains_them(
    make_function: MakeFunction, sender: str
) -> None:
    """Every kind of answer is served under the path prefix, and links have it, too."""
    function = make_function(ROOT_PATH="/scorer")
    several = sender.endswith("multi_value")

    def link(answer: dict[str, Any]) -> str:
        """The header of an answer."""
        headers = answer["multiValueHeaders" if several else "headers"]
        found: str = headers["link"][0] if several else headers["link"]
        return found

    for path in ("/", "/errors", "/docs"):
        page = ask(function, recorded(sender, path))
        assert page["statusCode"] == 200
    refused = ask(function, recorded(sender, BOB[:-1]))
    assert link(refused) == '</scorer/errors#invalid_address>; rel="help"'
    unknown = ask(function, {"no": "event"})
    assert unknown["headers"]["link"] == '</scorer/errors#unknown_event>; rel="help"'
    late = ask(function, recorded(sender, BOB), milliseconds=1)
    assert late["statusCode"] == 503
    assert link(late) == '</scorer/errors#not_in_time>; rel="help"'


@pytest.mark.parametrize("sender", SENDERS)
def test_queries_and_encoded_paths(make_function: MakeFunction, sender: str) -> None:
    """A query reaches its endpoint, and a path that is encoded is decoded once."""
    function = make_function(CERAMIC_CACHE_SCORER_ID="1")
    event = recorded(sender, "/ceramic-cache/stamp")
    if "version" in event:
        event["rawQueryString"] = f"address={ADDRESS['bob']}&x=%26"
    elif "multiValueHeaders" in event:
        event["multiValueQueryStringParameters"] = {"address": [ADDRESS["bob"]], "x": ["%26"]}
    else:
        event["queryStringParameters"] = {"address": ADDRESS["bob"], "x": "%26"}
    status, listed = seen(ask(function, event))
    assert (status, {stamp["address"] for stamp in listed["stamps"]}) == (200, {ADDRESS["bob"]})
    encoded = BOB.replace("score", "%73core")
    if sender != "api_gateway_v2":  # it decodes paths by itself
        assert seen(ask(function, recorded(sender, encoded)))[0] == 200
    refused = seen(ask(function, recorded(sender, f"{BOB}%2523".replace("%25", "%"))))
    assert refused == (400, {"detail": "Invalid address."})


@pytest.mark.parametrize("sender", SENDERS)
def test_nothing_internal_unless_told(make_function: MakeFunction, sender: str) -> None:
    """Whatever a caller sends, a function that isn't configured to serves nothing internal."""
    function = make_function(
        CGRANTS_API_TOKEN=TOKEN, INTERNAL_ON_PUBLIC_LISTENER="on", CERAMIC_CACHE_SCORER_ID="1"
    )
    for path in (INTERNAL, "/internal/check-bans", "/%69nternal/embed/weights", "/metrics"):
        assert seen(ask(function, recorded(sender, path)))[0] == 404
    bans = posted(sender, "/internal/check-bans", b"[]", token=TOKEN)
    assert seen(ask(function, bans))[0] == 404


def test_a_function_behind_two_load_balancers(make_function: MakeFunction) -> None:
    """Requests through the internal target group are internal, all others are public."""
    function = make_function(
        LAMBDA_INTERNAL_TARGET_GROUPS='["scorer-internal"]', CGRANTS_API_TOKEN=TOKEN
    )
    credential = {"credentialSubject": {"id": f"did:pkh:eip155:1:{ADDRESS['bob']}"}}
    body = json.dumps([credential]).encode()
    for sender in SENDERS[:2]:
        internal = posted(sender, "/internal/check-bans", body, token=TOKEN)
        assert seen(ask(function, internal))[0] == 404
        group = internal["requestContext"]["elb"]["targetGroupArn"]
        inside = {"elb": {"targetGroupArn": group.replace("scorer-public", "scorer-internal")}}
        status, bans = seen(ask(function, {**internal, "requestContext": inside}))
        assert (status, [ban["is_banned"] for ban in bans]) == (200, [False])
        outside = recorded(sender, BOB, requestContext=inside)
        assert seen(ask(function, outside))[0] == 404
    forged = recorded("function_url", INTERNAL)
    forged["headers"]["x-target-group"] = "scorer-internal"
    assert seen(ask(function, forged))[0] == 404


@pytest.mark.parametrize("sender", SENDERS)
def test_an_internal_function(make_function: MakeFunction, sender: str) -> None:
    """A function can be internal altogether."""
    function = make_function(
        LAMBDA_SERVES="internal", CGRANTS_API_TOKEN=TOKEN, CERAMIC_CACHE_SCORER_ID="1"
    )
    assert seen(ask(function, recorded(sender, INTERNAL)))[0] == 200
    assert seen(ask(function, recorded(sender, BOB)))[0] == 404
    assert seen(ask(function, recorded(sender, "/internal/check-bans")))[0] == 405
    assert seen(ask(function, posted(sender, "/internal/check-bans", b"[]")))[0] == 401


def test_dead_connections_are_replaced(make_function: MakeFunction, sandbox: Sandbox) -> None:
    """Connections that broke while the sandbox was frozen are replaced without a failed call.

    Reads and writes alike: the nonce is written by the first statement of its request.
    """
    function = make_function()
    for _ in range(5):
        for path in (BOB, NONCE):
            assert seen(ask(function, recorded("load_balancer", path)))[0] == 200
            assert 0 < sandbox.end_sessions() <= 2
    assert seen(ask(function, recorded("load_balancer", NONCE)))[0] == 200
    assert sandbox.usage() == 5


def test_connections_without_a_reply(make_function: MakeFunction, sandbox: Sandbox) -> None:
    """After a long sleep no statement is sent to a server that has forgotten the connection."""
    now = [0.0]
    function = make_function(clock=lambda: now[0])
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    sessions = sandbox.sessions()
    for session in sessions:
        os.kill(session, signal.SIGSTOP)
    try:
        now[0] += LONGEST_IDLE + 1
        for path in (BOB, NONCE):
            answer = ask(function, recorded("load_balancer", path), milliseconds=9_000)
            assert seen(answer)[0] == 200
    finally:
        for session in sessions:
            os.kill(session, signal.SIGCONT)


@contextmanager
def locked(sandbox: Sandbox, server: PostgresqlServer, table: str) -> Iterator[None]:
    """Lock a table for a while."""
    command = [str(server.server.installation.program("psql")), "-XAtq", "-d", sandbox.url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(f"BEGIN; LOCK TABLE {table}; SELECT 'locked';\n")
        session.stdin.flush()
        assert session.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            session.stdin.close()


def test_a_call_that_is_about_to_end(
    make_function: MakeFunction,
    sandbox: Sandbox,
    postgresql_server: PostgresqlServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A request is answered while there is time; the next one finds everything in order."""
    function = make_function()
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    with locked(sandbox, postgresql_server, "registry_score"):
        answer = ask(function, recorded("load_balancer", BOB), milliseconds=1_800)
    assert seen(answer)[0] == 503
    assert int(answer["headers"]["retry-after"]) > 0
    assert [event["event"] for event in logged(capfd)].count("not_answered_in_time") == 1
    for _ in range(3):
        assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the logged events, one per line."""
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_usage_waits_for_the_database(
    make_function: MakeFunction, sandbox: Sandbox, postgresql_server: PostgresqlServer
) -> None:
    """Usage that can't be written before the answer is written by a later call."""
    function = make_function()
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    with locked(sandbox, postgresql_server, "account_accountapikeyanalytics"):
        answer = ask(function, recorded("load_balancer", BOB), milliseconds=3_000)
        assert seen(answer)[0] == 200
    assert seen(ask(function, recorded("load_balancer", "/health")))[0] == 200
    assert sandbox.usage() >= 2


def headers_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The headers of an answer, in whatever shape."""
    several = {name: ", ".join(all_) for name, all_ in answer.get("multiValueHeaders", {}).items()}
    return {**answer.get("headers", {}), **several}


def with_headers(event: dict[str, Any], **changes: str) -> dict[str, Any]:
    """An event with other headers."""
    several = "multiValueHeaders" in event
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    shaped = {name: [value] if several else value for name, value in named.items()}
    event["multiValueHeaders" if several else "headers"].update(shaped)
    return event


@pytest.mark.parametrize("sender", SENDERS)
def test_headers_of_every_answer(make_function: MakeFunction, sender: str) -> None:
    """Each names its request and trace, and isn't kept; those of the function itself, too."""
    function = make_function()
    broken = {**recorded(sender, BOB), "body": "%", "isBase64Encoded": True}
    for event, status in (
        (recorded(sender, BOB), 200),
        (recorded(sender, "/no/such/path"), 404),
        (broken, 400),
    ):
        answer = ask(function, with_headers(event, x_request_id=" mine.1 ", origin="https://a.b"))
        headers = headers_of(answer)
        assert answer["statusCode"] == status
        assert headers["cache-control"] == "no-store"
        assert len(headers["traceparent"]) == 55
        assert "X-Request-ID" in headers["access-control-expose-headers"]
        if event is not broken:
            assert headers["x-request-id"] == "mine.1"
    function_without_database = make_function(DATABASE_URL="")
    answer = ask(function_without_database, recorded(sender, BOB, headers={}))
    assert answer["statusCode"] == 500
    assert headers_of(answer)["x-request-id"]


def test_two_hosts(make_function: MakeFunction) -> None:
    """A request for two hosts is refused, as on a server."""
    event = recorded("load_balancer_multi_value", BOB)
    event["multiValueHeaders"]["host"] = ["one.example", "other.example"]
    status, answer = seen(ask(make_function(), event))
    assert (status, answer["detail"]) == (400, "The request must have one valid Host header.")


@pytest.mark.parametrize("sender", SENDERS)
def test_blanks_around_a_key(make_function: MakeFunction, sender: str) -> None:
    """They are not part of the key."""
    function = make_function()
    key = with_headers(recorded(sender, BOB), x_api_key=f" {DEMO_API_KEY.key}\t ")
    assert seen(ask(function, key))[0] == 200


@pytest.mark.parametrize("sender", SENDERS)
def test_compressed_answers(make_function: MakeFunction, sender: str) -> None:
    """They are base64 in the answer of the function; a current copy gives 304."""
    function = make_function()
    whole = ask(function, with_headers(recorded(sender, "/openapi.json")))
    event = recorded(sender, "/docs/swagger-ui-bundle.js")
    packed = ask(function, with_headers(event, accept_encoding="br, gzip"))
    assert packed["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(packed["body"])).startswith(b"/*! For license")
    assert headers_of(packed)["content-encoding"] == "gzip"
    assert whole["isBase64Encoded"] is False
    known = with_headers(recorded(sender, "/openapi.json"), if_none_match=headers_of(whole)["etag"])
    again = ask(function, known)
    assert (again["statusCode"], again["body"]) == (304, "")


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize(
    "text",
    ['[{"a":"\ud800"}]', "[{'a':1}]", "\ud83d", "\ufeff[]"],
    ids=["half", "bad", "no", "bom"],
)
def test_text_bodies_that_are_not_json(make_function: MakeFunction, sender: str, text: str) -> None:
    """Half of a surrogate pair, which the event's JSON can hold, is not valid UTF-8."""
    function = make_function()
    event = posted(sender, "/ceramic-cache/authenticate/v2", b"")
    status, answer = seen(ask(function, {**event, "body": text, "isBase64Encoded": False}))
    assert (status, answer["detail"][0]["type"]) == (422, "json_invalid")


@pytest.mark.parametrize("sender", SENDERS)
def test_bodies_that_are_not_utf8(make_function: MakeFunction, sender: str) -> None:
    """It is rejected as on a server, and so is a compressed body."""
    function = make_function()
    body = b'{"message":{},"signature":"0x","unread":"\xff"}'
    status, answer = seen(ask(function, posted(sender, "/ceramic-cache/authenticate/v2", body)))
    assert (status, answer["detail"][0]["type"]) == (422, "json_invalid")
    event = posted(sender, "/ceramic-cache/authenticate/v2", gzip.compress(body))
    assert seen(ask(function, with_headers(event, content_encoding="gzip")))[0] == 415


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "a:b:c"},
        {"host": "[::1]:x"},
        {"host": ""},
        {"x-forwarded-port": "none"},
        {"x-forwarded-proto": "gopher"},
        {"x-forwarded-for": ",,,"},
        {"content-length": "-1"},
        {"x-api-key": "\ud800"},
        {"\u00e9": "\u00e9"},
    ],
)
def test_strange_headers(make_function: MakeFunction, changes: dict[str, str]) -> None:
    """No header breaks the function."""
    function = make_function()
    event = recorded("load_balancer", BOB)
    event["headers"].update(changes)
    assert seen(ask(function, event))[0] in {200, 401}


def test_strange_events(make_function: MakeFunction, capfd: pytest.CaptureFixture[str]) -> None:
    """An event that is not a request gets 400 and is logged; the function continues."""
    function = make_function()
    unreadable = recorded("load_balancer", BOB, body="a", isBase64Encoded=True)
    strange: list[object] = [
        None,
        [],
        {},
        {"Records": []},
        {"requestContext": {"elb": 1}},
        unreadable,
    ]
    for event in strange:
        assert seen(ask(function, event))[0] == 400
    assert [event["event"] for event in logged(capfd)] == ["event_rejected"] * 6
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    long = recorded("load_balancer", "/" + "x" * 9_000)
    assert seen(ask(function, long))[0] == 414


def test_an_answer_that_is_too_long(make_function: MakeFunction) -> None:
    """An answer too long for a load balancer is refused and logged; other senders get it."""
    function = make_function()
    bundle = "/docs/swagger-ui-bundle.js"
    assert ask(function, recorded("function_url", bundle))["statusCode"] == 200
    assert seen(ask(function, recorded("load_balancer", bundle))) == (500, {"detail": FAULT})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRUSTED_IAM_ISSUERS", "very-secret"),
        ("TRUSTED_IAM_ISSUERS", ""),
        ("OTEL_EXPORTER_OTLP_HEADERS", "very-secret"),
        ("DATABASE_URL", "mysql://user:very-secret@host/database"),
        ("DATABASE_URL", ""),
        ("LAMBDA_SERVES", "very-secret"),
    ],
)
def test_a_malformed_setting(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    """A malformed variable is 500 and one line that names it; once it is fixed, calls succeed."""
    environment = sandbox.settings(OTEL_ENABLED="on", OTEL_EXPORTER_OTLP_ENDPOINT="http://[::1]:9")
    usual = environment.get(variable, "")
    environment[variable] = value
    function = LambdaFunction(environment)
    for _ in range(2):
        assert seen(ask(function, recorded("load_balancer", BOB))) == (500, {"detail": FAULT})
        (event,) = logged(capfd)
        assert event["event"] == "start_failed"
        assert variable in event["message"]
        assert "very-secret" not in str(event)
    environment[variable] = usual
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    function.close()


def test_without_the_database(
    make_function: MakeFunction, capfd: pytest.CaptureFixture[str]
) -> None:
    """A database that isn't there is 503."""
    function = make_function(DATABASE_URL="postgresql://u:very-secret@127.0.0.1:9/x")
    answer = ask(function, recorded("load_balancer", BOB))
    assert seen(answer)[0] == 503
    assert "very-secret" not in capfd.readouterr().err


def test_settings_from_a_secret(sandbox: Sandbox, secrets_manager: SecretsManager) -> None:
    """Everything comes from the secret, which is read once."""
    secrets_manager.text = json.dumps(sandbox.settings())
    function = LambdaFunction({"SCORER_SERVER_SSM_ARN": SecretsManager.ARN})
    for _ in range(3):
        assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    assert secrets_manager.asked == 1
    function.close()


def test_a_secret_that_can_not_be_read(
    sandbox: Sandbox, secrets_manager: SecretsManager, capfd: pytest.CaptureFixture[str]
) -> None:
    """The function says so, and tries again with the next event."""
    secrets_manager.failing = (400, "AccessDeniedException")
    function = LambdaFunction({"SCORER_SERVER_SSM_ARN": SecretsManager.ARN})
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 500
    (event,) = logged(capfd)
    assert "AccessDeniedException" in event["message"]
    secrets_manager.failing = None
    secrets_manager.text = json.dumps(sandbox.settings())
    assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
    function.close()


class Collector:
    """An OTLP collector that counts what it gets."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Take spans."""
        self.paths.append(path)
        return 200, {"content-type": "application/x-protobuf"}, b""


def test_traces_are_sent_before_the_answer(make_function: MakeFunction) -> None:
    """When a call ends, its spans have been sent: a frozen sandbox can't send them later."""
    collector = Collector()
    with Servers.running(collector) as place:
        function = make_function(
            OTEL_ENABLED="",
            OTEL_TRACE_SAMPLING_RATE="1",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{place}",
        )
        for number in (1, 2):
            assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200
            assert collector.paths == ["/v1/traces"] * number
        function.close()


@pytest.mark.parametrize("sender", SENDERS)
def test_limits_count_by_the_client_that_called_amazon(
    make_function: MakeFunction, sender: str
) -> None:
    """The caller's address as AWS saw it: what the caller writes in front makes no difference."""
    function = make_function(ANONYMOUS_WRITES_PER_MINUTE="2")

    def nonce(peer: str, forged: str) -> int:
        event = recorded(sender, NONCE)
        if "http" in event["requestContext"]:
            event["requestContext"]["http"]["sourceIp"] = peer
        several = "multiValueHeaders" in event
        forwarded = f"{forged}, {peer}"
        headers = event["multiValueHeaders" if several else "headers"]
        headers["x-forwarded-for"] = [forwarded] if several else forwarded
        return int(ask(function, event)["statusCode"])

    attacker = [nonce("192.0.2.66", f"203.0.113.{number}") for number in range(4)]
    assert attacker == [200, 200, 429, 429]
    assert nonce("192.0.2.7", "192.0.2.66") == 200
