"""`passport-scorer verify`: verifies one stamp, step by step."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from passport_scorer.cli.errors import Status
from passport_scorer.cli.output import Json, print_json
from passport_scorer.credentials.parsing import MAXIMUM_SIZE
from passport_scorer.credentials.verifier import Step
from passport_scorer.credentials.verifier import verify as verify_credential
from passport_scorer.domain.credential import Credential
from passport_scorer.domain.errors import PassportScorerError, VerificationFailed


class SourceUnreadable(PassportScorerError):
    """The source can't be read as text."""

    code = "source_unreadable"


def verify(
    source: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="File with one stamp, or - for standard input.",
        ),
    ],
    /,
    *,
    json: Json = False,
) -> int:
    """Verify the signature of a stamp, and show each step.

    Needs neither a database nor the network: the stamp itself says who its issuer is, with which
    key, and what its members mean. A stamp is a Verifiable Credential as JSON, as in the column
    `stamp` of the table `ceramic_cache_ceramiccache`.

    Examples, a stamp in a file and one from the database:

    - `passport-scorer verify stamp.json`
    - `psql -Atc "select stamp from …" | passport-scorer verify -`

    The exit status is 0 if the signature verifies, 1 if the stamp is rejected, and 2 if the
    source can't be read. Whether the issuer is trusted and the stamp has expired is not part of
    the verdict: that is decided whenever an address is scored.
    """
    document = _read(source)
    if json:
        return _print_verdict(document, datetime.now(UTC))
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    return _show_verdict(document, datetime.now(UTC), console)


def _read(source: str) -> bytes:
    """Return the content of the source; reads one byte more than a stamp can have, to reject it."""
    try:
        if source == "-":
            document = sys.stdin.buffer.read(MAXIMUM_SIZE + 1)
        else:
            with Path(source).open("rb") as file:
                document = file.read(MAXIMUM_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise SourceUnreadable(f"cannot read {source!r}: {reason}") from error
    if len(document) > MAXIMUM_SIZE:
        raise SourceUnreadable(f"{source!r} is too big: a stamp has at most {MAXIMUM_SIZE} bytes")
    try:
        document.decode()
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"{source!r} is not text: a stamp is JSON in UTF-8") from error
    return document


def _print_verdict(document: bytes, now: datetime) -> int:
    passed: list[Step] = []
    verdict: dict[str, object] = {"verified": False, "steps": passed}
    try:
        credential = verify_credential(document, now, passed.append)
    except VerificationFailed as refusal:
        failed = list(Step)[len(passed)]
        verdict["refusal"] = {"step": failed, "code": refusal.code, "message": refusal.message}
        print_json(verdict)
        return Status.FOUND
    print_json(
        {
            **verdict,
            "verified": True,
            "issuer": credential.issuer,
            "subject": credential.subject_id,
            "provider": credential.provider,
            "nullifiers": credential.nullifiers,
            "expiration_date": credential.expiration_date,
            "expired": credential.expires_at <= now,
        }
    )
    return Status.FINE


def _show_verdict(document: bytes, now: datetime, console: Console) -> int:
    passed: list[Step] = []
    try:
        credential = verify_credential(document, now, passed.append)
    except VerificationFailed as refusal:
        _show_passed(passed, console)
        _show_refusal(list(Step)[len(passed)], refusal, console)
        return Status.FOUND
    _show_passed(passed, console)
    _show_claims(credential, now, console)
    return Status.FINE


def _show_passed(steps: list[Step], console: Console) -> None:
    for number, step in enumerate(steps, start=1):
        console.print(f"[green]{_mark('✓', 'ok', console)}[/] {number}. {step.value}.")


def _show_refusal(step: Step, refusal: VerificationFailed, console: Console) -> None:
    number = list(Step).index(step) + 1
    console.print(f"[red]{_mark('✗', 'no', console)}[/] {number}. Failed: {step.value}.")
    console.print(f"     {escape(refusal.message)} ({refusal.code})")
    console.print("[bold red]Rejected.[/]")


def _speaks_unicode(console: Console) -> bool:
    return console.encoding.startswith("utf")


def _mark(mark: str, word: str, console: Console) -> str:
    """Return the mark if the terminal can show it, or the word."""
    return mark if _speaks_unicode(console) else word


def _show_claims(credential: Credential, now: datetime, console: Console) -> None:
    expired = "expired" if credential.expires_at <= now else "not expired"
    kind = "nullifiers" if credential.has_nullifiers else "hash"
    rows = {
        "signed by": credential.issuer,
        "about": credential.subject_id,
        "provider": "(none)" if credential.provider is None else credential.provider,
        kind: ", ".join(credential.nullifiers) or "(none)",
        "expires": f"{credential.expiration_date} ({expired} now)",
    }
    console.print("[bold green]Verified.[/]")
    for name, value in rows.items():
        console.print(f"  {name:<11}{escape(_printable(value, console))}")
    console.print(
        "Whether the issuer is trusted and the stamp has expired is decided when scoring."
    )


def _printable(text: str, console: Console) -> str:
    """Escape characters that a terminal can't show, or would interpret."""
    if not _speaks_unicode(console):
        return ascii(text)[1:-1]
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
