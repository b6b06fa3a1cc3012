"""The pages of the service: the start page and the explanations of errors."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from passport_scorer.api.http.error_help import ERRORS
from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

if TYPE_CHECKING:
    from tests.acceptance.conftest import Service, StartService

ADA = PEOPLE[0].address
KEY = {"X-API-Key": DEMO_API_KEY.key}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class Page(HTMLParser):
    """The references and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: set[str] = set()
        self.anchors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Record the references of an element."""
        found = dict(attributes)
        assert "style" not in found
        assert not [name for name in found if name.startswith("on")]
        self.references |= {found[name] or "" for name in ("href", "src") if name in found}
        self.anchors += [found["id"] or ""] if "id" in found else []


def help_of(answer: httpx.Response) -> str:
    """Return where the header says that an error is explained."""
    match = re.fullmatch(r'<([^<>]+)>; rel="help"', answer.headers["link"])
    assert match, answer.headers["link"]
    return match[1]


async def explained(client: httpx.AsyncClient, answer: httpx.Response) -> str:
    """Follow the link of an error; return the code of its entry."""
    target = urlsplit(urljoin(str(answer.url), help_of(answer)))
    page = await client.get(target.path, headers={"Accept": BROWSER})
    assert page.status_code == 200
    assert target.fragment in Page(page.text).anchors
    return target.fragment


@pytest.mark.parametrize("path", ["/", "/errors", "/docs"])
async def test_what_a_page_refers_to_is_here(service: Service, path: str) -> None:
    """A page has no inline scripts, and refers only to URLs that this service answers."""
    page = await service.client.get(path, headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert re.search(r"default-src '(none|self)'", policy)
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    found = Page(page.text)
    assert len(set(found.anchors)) == len(found.anchors)
    for reference in found.references:
        target = urlsplit(urljoin(path, reference))
        assert not target.netloc
        assert (await service.client.get(target.path)).status_code == 200, reference
        if target.path == path and target.fragment:
            assert target.fragment in found.anchors


@pytest.mark.parametrize("path", ["/", "/errors"])
async def test_who_asks_for_json_gets_it(service: Service, path: str) -> None:
    """Browsers get HTML, programs that accept JSON get JSON, and caches can tell them apart."""
    for accepted, kind in (
        (BROWSER, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
    ):
        answer = await service.client.get(path, headers={"Accept": accepted})
        if accepted.endswith("*/*") and "json" in accepted:
            continue
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert "Accept" in answer.headers["vary"]
    assert (await service.client.head(path)).status_code == 200


async def test_the_start_page_leads_on(start_service: StartService, demo_database_url: str) -> None:
    """On both listeners the page names the version, and all its links work."""
    service = await start_service(demo_database_url, "--internal-port", "0")
    (event,) = service.events("listening_internally")
    for base, has_metrics in (
        (service.base_url, False),
        (f"http://127.0.0.1:{event['port']}", True),
    ):
        headers = {"Accept": "application/json"}
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
            start = (await client.get("/")).json()
            assert re.fullmatch(r"\d+\.\d+\.\d+", start["version"])
            assert {"documentation", "health"} <= start["links"].keys()
            assert ("metrics" in start["links"]) == has_metrics
            for path in start["links"].values():
                assert (await client.get(path)).status_code == 200


async def test_errors_lead_to_what_explains_them(service: Service) -> None:
    """Errors of each layer link to an entry of the page with the same sentence."""
    score = f"/v2/stamps/1/score/{ADA}"
    cases = [
        ("GET", "/nothing/here", {}, "not_found"),
        ("POST", score, {}, "method_not_allowed"),
        ("GET", score, {}, "invalid_api_key"),
        ("GET", "/v2/stamps/1/score/0x1", KEY, "invalid_address"),
        ("GET", f"/v2/stamps/77/score/{ADA}", KEY, "scorer_not_found"),
        ("GET", f"{score}/history", KEY, "invalid_request"),
        ("GET", f"{score}/history?created_at=", KEY, "no_created_at"),
        ("GET", f"{score}/history?created_at=2020-01-01", KEY, "no_score_found"),
        ("GET", "/v2/stamps/metadata", KEY, "catalogue_unavailable"),
        ("GET", f"/ceramic-cache/score/{ADA}", {}, "invalid_access_token"),
        ("GET", "/nothing?" + "a" * 9000, {}, "path_too_long"),
    ]
    for method, target, headers, code in cases:
        answer = await service.client.request(method, target, headers=headers)
        assert answer.status_code == ERRORS[code].status, target
        assert await explained(service.client, answer) == code
        said = answer.json()["detail"]
        patterns = [re.escape(text).replace("…", ".+") for text in ERRORS[code].sentences]
        assert isinstance(said, list) or any(re.fullmatch(each, said) for each in patterns)


async def test_no_link_where_nothing_is_wrong(service: Service) -> None:
    """Only errors have the link."""
    assert "link" not in (await service.score("ada")).headers


async def test_a_link_tells_no_attacker_which_keys_exist(service: Service) -> None:
    """A known key with a wrong secret has the same explanation as an unknown key."""
    prefix = DEMO_API_KEY.key.partition(".")[0]
    wrong = [await service.score("ada", key=f"{each}.wrong-secret") for each in (prefix, "nokey12")]
    assert {answer.headers["link"] for answer in wrong} == {'</errors#invalid_api_key>; rel="help"'}


@pytest.mark.parametrize("sent_prefix", ["", "/scorer"])
async def test_below_a_path_of_a_site(
    start_service: StartService, demo_database_url: str, sent_prefix: str
) -> None:
    """All links and URLs contain the prefix, whether or not the proxy removes it."""
    service = await start_service(demo_database_url, ROOT_PATH="/scorer/", ROUTING_HEADER="X-New")
    client = service.client

    async def get(public: str, **headers: str) -> httpx.Response:
        """Send a request as a proxy does for a client that requests a path of the site."""
        assert public.startswith("/scorer/")
        return await client.get(sent_prefix + public.removeprefix("/scorer"), headers=headers)

    assert (await get("/scorer/openapi.json")).json()["servers"][0]["url"] == "/scorer"
    for path in ("/scorer/", "/scorer/errors", "/scorer/docs"):
        page = await get(path, Accept=BROWSER)
        for reference in Page(page.text).references:
            assert (await get(urlsplit(urljoin(path, reference)).path)).status_code == 200
    start = (await get("/scorer/", Accept="application/json")).json()
    assert all(link.startswith("/scorer/") for link in start["links"].values())
    refused = await get("/scorer/v2/stamps/1/score/0x1", **KEY)
    assert help_of(refused) == "/scorer/errors#invalid_address"
    listed = (await get(f"/scorer/v2/stamps/{ADA}?limit=2", **KEY)).json()
    while listed["next"]:
        target = urlsplit(listed["next"])
        listed = (await get(f"{target.path}?{target.query}", **KEY)).json()
    assert urlsplit(listed["prev"]).path == f"/scorer/v2/stamps/{ADA}"
    # Middleware that looks at paths sees them without the prefix.
    assert (await get("/scorer/ceramic-cache/weights")).json() == {"detail": "Not Found"}
    usage = await service.tables.usage(DEMO_API_KEY.key, 4)
    assert {row["base_path"] for row in usage} == {"v2"}
