"""`passport-scorer demo …`: demo data to try the service with."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter
from rich.table import Table

from passport_scorer.app import utc_now
from passport_scorer.auth.jwt_access_tokens import AccessTokens, TokenKeys
from passport_scorer.cli.confirmation import NotConfirmed
from passport_scorer.cli.event_loop import run_coroutine
from passport_scorer.cli.output import Json, print_json, print_table
from passport_scorer.cli.serve import Addresses, serve_settings
from passport_scorer.cli.target_database import ready_database
from passport_scorer.db.database import Database
from passport_scorer.db.url import without_password
from passport_scorer.settings.environment import process_environment, read_settings
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import read_serving_settings
from passport_scorer.tools.demo.catalogue import catalogue_url
from passport_scorer.tools.demo.owner import SITE, new_token_keys
from passport_scorer.tools.demo.rows import account_addresses
from passport_scorer.tools.demo.seed import seed as seed_database
from passport_scorer.tools.demo.seed import seed_examples
from passport_scorer.tools.demo.world import (
    API_KEYS,
    DEMO_API_KEY,
    DEMO_SCORER_ID,
    OWNER,
    PEOPLE,
    TRUSTED_ISSUERS,
)

_WELCOME = """
Passport Scorer is running at {base}     (Ctrl-C to stop)
Documentation:  {base}/docs
API key:        {key}
Access token:   {token}

In the documentation you can try out every request with its example. Press "Authorize" first:
the API key is "demo", and the access token is the one above; it belongs to {owner.name}
({owner.address}).

Try these:

  # an address that passes
  curl -H 'X-API-Key: {key}' {base}/v2/stamps/1/score/{passing}

  # another address with the same Google account: that stamp counts only once
  curl -H 'X-API-Key: {key}' {base}/v2/stamps/1/score/{duplicate}

  # the public demo: an alias of the demo key, and any negative scorer id
  curl -H 'X-API-Key: demo' {base}/v2/stamps/-1/score/{any}

  # the score as the owner of the address sees it
  curl -H 'Authorization: Bearer {token}' {base}/ceramic-cache/score/{owner.address}
"""

app = cyclopts.App(
    name="demo",
    help="Try the service with demo data: accounts, communities, API keys, signed stamps.",
)


@app.command
def seed(*, yes: Annotated[bool, Parameter(negative="")] = False, json: Json = False) -> None:
    """Add the demo data that is missing to the database.

    The database is the embedded one, or with --yes that of DATABASE_URL; a database with other
    accounts is rejected. The stamps count only in a service that trusts their issuers: the last
    line of the output is the variable to set.

    For example:

        passport-scorer demo seed

        DATABASE_URL=postgresql://me@localhost/demo passport-scorer demo seed --yes

    Parameters
    ----------
    yes
        Confirm that the database of DATABASE_URL gets the demo data, whose keys are public.
    """
    settings = read_settings()
    if settings.database_url and not yes:
        raise NotConfirmed(_confirmation_prompt(settings.database_url))
    with ready_database(settings) as url:
        added = run_coroutine(_seed(settings, url))
    issuers = sorted(TRUSTED_ISSUERS)
    if json:
        print_json({"stamps_added": added, "people": _listed(), "trusted_iam_issuers": issuers})
        return
    print_table(_people())
    print(f"{added} stamps added." if added else "The demo data already exists.")
    print(f"TRUSTED_IAM_ISSUERS='{msgspec.json.encode(issuers).decode()}'")


def _confirmation_prompt(url: str) -> str:
    stamps = sum(len(person.stamps) for person in PEOPLE)
    return (
        f"{without_password(url)[0]} is not the embedded database: confirm with --yes to"
        f" add {len(account_addresses())} accounts with communities, {len(API_KEYS)} API keys that"
        f" are public, and {stamps} stamps of {len(PEOPLE)} addresses."
    )


def _listed() -> list[dict[str, object]]:
    return [
        {
            "name": person.name,
            "address": person.address,
            "stamps": len(person.stamps),
            "about": person.about,
        }
        for person in PEOPLE
    ]


@app.command
def run(*, port: int | None = None, workers: int = 1) -> None:
    """Start the service with demo data on an embedded PostgreSQL.

    DATABASE_URL is ignored: demo data, and the public keys that sign it, are for the embedded
    database only.

    For example:

        passport-scorer demo run

        passport-scorer demo run --port 8080 --workers 2

    Parameters
    ----------
    port
        Port to listen on, on this machine only. Defaults to `PORT`, or 8000.
    workers
        Number of worker processes.
    """
    own = {"TRUSTED_IAM_ISSUERS": msgspec.json.encode(sorted(TRUSTED_ISSUERS)).decode()}
    settings = demo_settings(read_serving_settings({**process_environment(), **own}))
    tokens = AccessTokens(TokenKeys(private_key=settings.siwe_jwt_private_key), utc_now)
    welcome = partial(_welcome, settings.root_path, tokens.issue(OWNER.address))
    with ready_database(settings) as url:
        run_coroutine(_seed(settings, url, with_examples=True))
        addresses = Addresses(port=settings.port if port is None else port)
        serve_settings(settings, url, addresses, workers=workers, listening=welcome)


def demo_settings(settings: Settings) -> Settings:
    """Return settings for the embedded database that trust the demo's issuers.

    Everything that is documented is served, on this machine only: internal endpoints without a
    token, sign-in with new keys, and a stamp catalogue.
    """
    private_key, public_key = new_token_keys()
    return msgspec.structs.replace(
        settings,
        database_url=None,
        trusted_iam_issuers=TRUSTED_ISSUERS,
        demo_api_key=DEMO_API_KEY.key,
        demo_api_key_aliases=frozenset({"demo"}),
        demo_api_scorer_id=DEMO_SCORER_ID,
        ceramic_cache_scorer_id=DEMO_SCORER_ID,
        siwe_jwt_private_key=private_key,
        siwe_jwt_public_key=public_key,
        siwe_allowed_domains=frozenset({SITE}),
        passport_public_url=catalogue_url(),
        internal_on_public_listener=True,
        cgrants_api_token=None,
        routing_header=None,
    )


async def _seed(settings: Settings, url: str, *, with_examples: bool = False) -> int:
    database = Database(settings.database_at(url))
    await database.open()
    try:
        added = await seed_database(database)
        if with_examples:
            await seed_examples(database)
        return added
    finally:
        await database.close()


def _people() -> Table:
    table = Table("name", "address", "stamps", "purpose", title="Addresses of the demo")
    for column in table.columns[:2]:
        column.no_wrap = True
    for person in PEOPLE:
        table.add_row(person.name, person.address, str(len(person.stamps)), person.about)
    return table


def _welcome(root: str, token: str, port: int) -> None:
    address = {person.name: person.address for person in PEOPLE}
    text = _WELCOME.format(
        base=f"http://127.0.0.1:{port}{root}",
        key=DEMO_API_KEY.key,
        token=token,
        owner=OWNER,
        passing=address["ada"],
        duplicate=address["cleo"],
        any=address["bob"],
    )
    print(text, flush=True)
    print(
        f"To list all {len(PEOPLE)} addresses: .venv/bin/passport-scorer demo seed",
        file=sys.stderr,
    )
