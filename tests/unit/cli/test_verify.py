"""The command `verify`, run as people run it."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from passport_scorer.cli.errors import end_with
from passport_scorer.cli.verify import verify
from passport_scorer.tools.demo.signing import sign_ed25519, sign_eip712, signed_eip712

KEY = bytes(31) + b"\x07"
WHO: dict[str, Any] = {
    "address": "0x4f0f596e6fafa901f0a803b18a9713964742bcaf",
    "issued_at": datetime(2025, 11, 20, tzinfo=UTC),
    "expires_at": datetime(2099, 2, 18, tzinfo=UTC),
}


def new_stamp() -> dict[str, Any]:
    """A stamp as they are issued today."""
    return sign_eip712(KEY, provider="Google", nullifiers=["v0:a", "v1:b"], **WHO)


def run(*arguments: str) -> int:
    """The exit status of `passport-scorer verify` with these arguments."""
    app = App(name="passport-scorer")
    app.command(verify)
    with pytest.raises(SystemExit) as ended:
        end_with(lambda: app(["verify", *arguments], exit_on_error=False))
    return int(ended.value.code or 0)


@pytest.fixture
def stamp_file(tmp_path: Path) -> Path:
    """A file with a genuine stamp."""
    file = tmp_path / "stamp.json"
    file.write_text(json.dumps(new_stamp()))
    return file


def test_a_genuine_stamp(stamp_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every step is ticked off, the claims are shown, and the status is 0."""
    assert run(str(stamp_file)) == 0
    output = capsys.readouterr().out
    assert output.count("✓") == 8
    assert "\x1b" not in output
    for claim in (
        "Verified.",
        "did:ethr:0x",
        WHO["address"],
        "Google",
        "v0:a, v1:b",
        "not expired",
    ):
        assert str(claim) in output


def test_a_changed_stamp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The step that refuses it is crossed with the reason, and the status is 1."""
    stamp = new_stamp()
    stamp["credentialSubject"]["provider"] = "Github"
    file = tmp_path / "stamp.json"
    file.write_text(json.dumps(stamp))
    assert run(str(file)) == 1
    output = capsys.readouterr().out
    assert (output.count("✓"), output.count("✗")) == (7, 1)
    assert "The signature isn't the issuer's over this document. (signature_mismatch)" in output


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dash reads the standard input; an older stamp shows its hash, a DID isn't an emoji."""
    stamp = sign_ed25519(bytes(32), provider="Google", nullifier_hash="v0.0.0:a", **WHO)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(stamp).encode())))
    assert run("-") == 0
    output = capsys.readouterr().out
    assert "did:key:z" in output
    assert "hash       v0.0.0:a" in output


def test_claims_cant_command_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control characters and markup in claims are shown as text."""
    stamp = new_stamp()
    stamp["credentialSubject"].update(provider="\x1b[2J[red]x[/]", nullifiers=[])
    stamp["expirationDate"] = "2020-01-01T00:00:00Z"
    file = tmp_path / "stamp.json"
    file.write_text(json.dumps(signed_eip712(KEY, stamp)))
    assert run(str(file)) == 0
    output = capsys.readouterr().out
    assert "\\x1b[2J[red]x[/]" in output
    assert "(none)" in output
    assert "(expired now)" in output


def test_a_stamp_without_a_provider(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A claim that isn't there is shown as none."""
    stamp = new_stamp()
    del stamp["credentialSubject"]["provider"]
    file = tmp_path / "stamp.json"
    file.write_text(json.dumps(signed_eip712(KEY, stamp)))
    assert run(str(file)) == 0
    assert "provider   (none)" in capsys.readouterr().out


def test_a_terminal_without_unicode(stamp_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the terminal knows ASCII only, words stand for marks."""
    buffer = io.BytesIO()
    output = io.TextIOWrapper(buffer, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    assert run(str(stamp_file)) == 0
    output.flush()
    written = buffer.getvalue().decode()
    assert written.startswith("ok 1. The text is a JSON object")


def test_what_cant_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A source that is missing, a folder, no text, or too big gives one line and status 2."""
    garbage, big = tmp_path / "garbage", tmp_path / "big"
    garbage.write_bytes(bytes(range(256)))
    big.write_bytes(b" " * 70_000)
    for source in (tmp_path / "missing", tmp_path, garbage, big, Path("a\0b")):
        assert run(str(source)) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("passport-scorer: ")
        assert captured.err.count("\n") == 1


def test_the_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what is verified, how to call it, and what the exit status means."""
    run("--help")
    output = capsys.readouterr().out
    for part in ("exit status", "psql", "stamp.json", "standard input"):
        assert part in output
