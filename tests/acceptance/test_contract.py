"""The OpenAPI documents are correct: generated requests get documented responses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE
from tests.support.hypothesis_profiles import examples

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

EXAMPLES = examples(10)  # for each operation
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
SECRET = "a secret of the tests, long enough for HS256"
INTERNAL_TOKEN = "the-token-of-the-internal-network"


CATALOGUE = (
    '[{"id": "Google", "icon": "./google.svg", "name": "Google", "description": "An account",'
    ' "connectMessage": "Sign in", "groups": [{"name": "Account", "stamps":'
    ' [{"name": "Google", "description": "Owns an account", "hash": "0xa001"}]}]}]'
)


@pytest.fixture(name="catalogue_url")
def catalogue() -> Iterator[str]:
    """Serve a stamp catalogue until the end of the test; return its URL."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stampMetadata.json").write_text(CATALOGUE)
        handler = partial(SimpleHTTPRequestHandler, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()


def access_token() -> str:
    """An access token of ada."""
    claims = {
        "did": f"did:pkh:eip155:1:{PEOPLE[0].address}",
        "token_type": "access",
        "exp": 4102444800,
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def command(url: str, authorization: str) -> list[str]:
    """Return the command that tests a document."""
    return [
        *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json"),
        *("--header", f"X-API-Key: {DEMO_API_KEY.key}"),
        *("--header", f"Authorization: {authorization}"),
        *("--max-examples", str(EXAMPLES), "--checks", CHECKS),
        *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"),
    ]


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_every_answer_is_as_the_documents_say(
    start_service: StartService, demo_database_url: str, tmp_path: Path, catalogue_url: str
) -> None:
    """A thousand requests to each listener get no 5xx and no undocumented status or body."""
    service: Service = await start_service(
        demo_database_url,
        *("--internal-port", "0"),
        PASSPORT_PUBLIC_URL=catalogue_url,
        CERAMIC_CACHE_SCORER_ID="1",
        CGRANTS_API_TOKEN=INTERNAL_TOKEN,
        JWT_SECRET=SECRET,
    )
    internal = service.events("listening_internally")[0]["port"]
    for url, authorization in (
        (service.base_url, f"Bearer {access_token()}"),
        (f"http://127.0.0.1:{internal}", INTERNAL_TOKEN),
    ):
        done = await asyncio.to_thread(
            subprocess.run,
            command(url, authorization),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
