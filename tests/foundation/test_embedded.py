"""The embedded PostgreSQL: real servers, started, killed, found again and thrown away."""

import asyncio
import fcntl
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy

from bursar.foundation import embedded
from bursar.foundation.embedded import Installation, Patience, osuser
from bursar.foundation.embedded.layout import SOCKET_PATH_BYTES_MAX, Layout

AS_ROOT = os.geteuid() == 0
# Forking is how a test becomes another user; newer Pythons warn of it wherever there are threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
START = (
    "import sys, pathlib; from bursar.foundation import embedded; print(embedded.start(pathlib.Path(sys.argv[1])).pid)"
)

Test = Callable[..., None]


def of_root_only(test: Test) -> Test | None:
    """A test of what only root does, which is to lend the server another OS user; for others there is no such test."""
    return test if AS_ROOT else None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for data folders that the server's OS user can reach, which pytest's own is not for root."""
    place = Path(tempfile.mkdtemp(prefix="bt-"))
    place.chmod(0o711)
    yield place
    for home in place.rglob("postgres"):
        embedded.stop(home.parent, mode="immediate")
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A data folder that several tests use one after the other, because making one takes most of a second."""
    place = Path(tempfile.mkdtemp(prefix="bt-"))
    place.chmod(0o711)
    yield place / "data"
    shutil.rmtree(place)


@pytest.fixture
def data(shared: Path) -> Iterator[Path]:
    """The shared data folder, its server down."""
    if not shared.exists():
        embedded.start(shared)
    embedded.stop(shared)
    yield shared
    embedded.stop(shared)


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def starter(data: Path) -> "subprocess.Popen[str]":
    """Another process that starts the server, says its number, and stays."""
    script = f"{START}; sys.stdout.flush(); import time; time.sleep(60)"
    return subprocess.Popen([sys.executable, "-c", script, str(data)], stdout=subprocess.PIPE, text=True)


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


# Starting -------------------------------------------------------------------------------------------------------------


def test_a_first_start_gives_a_durable_database_owned_by_its_role(folder: Path) -> None:
    url = embedded.start(folder / "data").url()
    assert ask(url, "SELECT current_user || '@' || current_database()") == "bursar@bursar"
    assert ask(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'bursar'") == "bursar"
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = 'bursar'") is False
    expected = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on"}
    expected |= {"TimeZone": "UTC", "server_encoding": "UTF8", "listen_addresses": ""}
    assert {name: ask(url, f"SHOW {name}") for name in expected} == expected


def test_every_driver_accepts_the_url(data: Path) -> None:
    url = embedded.start(data).url()

    async def over_asyncpg() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval("SELECT current_database()"))
        finally:
            await connection.close()

    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_database()").scalar() == "bursar"
    engine.dispose()
    assert asyncio.run(over_asyncpg()) == "bursar"
    ready = subprocess.run([embedded.binary("pg_isready"), "-d", url], capture_output=True, check=False)
    assert ready.returncode == 0


def test_a_second_start_attaches_and_a_restart_keeps_the_data(data: Path) -> None:
    first = embedded.start(data)
    assert embedded.start(data) == first == embedded.status(data)
    ask(first.url(), "CREATE TABLE kept AS SELECT 7 AS seven")
    assert embedded.stop(data) is True
    assert embedded.status(data) is None
    assert embedded.stop(data) is False
    assert ask(embedded.start(data).url(), "SELECT seven FROM kept") == 7


def test_settings_go_on_top_and_alter_system_wins(data: Path) -> None:
    first = embedded.start(data, settings={"work_mem": "5MB", "cluster_name": "it's ours"})
    assert ask(first.url(), "SHOW work_mem") == "5MB"
    assert ask(first.url(), "SHOW cluster_name") == "it's ours"
    with psycopg.connect(first.url(), user="postgres", password=password_of(data, "postgres"), autocommit=True) as c:
        c.execute("ALTER SYSTEM SET work_mem = '6MB'")
    embedded.stop(data)
    assert ask(embedded.start(data, settings={"work_mem": "7MB"}).url(), "SHOW work_mem") == "6MB"


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_what_would_lose_data_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(embedded.EmbeddedError, match=name):
        embedded.start(folder / "data", settings={name: "off"})


def test_a_start_that_fails_says_why(data: Path) -> None:
    with pytest.raises(embedded.EmbeddedError, match="max_connections"):
        embedded.start(data, settings={"max_connections": "plenty"})
    assert embedded.start(data).pid > 0  # And it is not in the way of the next.


def test_a_cluster_of_another_version_is_left_alone(data: Path) -> None:
    version = data / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(embedded.EmbeddedError, match="pg_upgrade"):
            embedded.start(data)
    finally:
        version.write_text("18\n")


def test_a_temporary_server_leaves_nothing_behind() -> None:
    with embedded.temporary(settings={"fsync": "off"}) as passing:
        assert ask(passing.url(), "SHOW fsync") == "off"
    assert not passing.data.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(passing.socket_dir))


# Crashes and races ----------------------------------------------------------------------------------------------------


def test_the_server_outlives_a_killed_starter(data: Path) -> None:
    process = starter(data)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    kill(process)
    assert embedded.start(data).pid == pid


def test_of_two_starts_at_once_one_wins_and_the_other_attaches(folder: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", START, str(folder / "data")], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=30)[0] for process in both]
    found = embedded.status(folder / "data")
    assert found is not None
    assert [int(number) for number in said] == [found.pid, found.pid]


def test_a_starter_killed_during_initdb_does_no_harm(folder: Path) -> None:
    data = folder / "data"
    process = starter(data)
    while not (data / "postgres" / "cluster.new" / "PG_VERSION").exists():
        time.sleep(0.005)
    kill(process)
    assert ask(embedded.start(data).url(), "SELECT 1") == 1


def test_a_killed_server_starts_again_with_everything_that_was_committed(data: Path) -> None:
    first = embedded.start(data)
    ask(first.url(), "CREATE TABLE committed AS SELECT 7 AS seven")
    os.kill(first.pid, signal.SIGKILL)
    assert ask(embedded.start(data).url(), "SELECT seven FROM committed") == 7


def test_a_pid_file_whose_number_now_belongs_to_another_program_is_forgotten(data: Path) -> None:
    """As after the restart of a container, where numbers begin again from 1."""
    layout = Layout.at(data)
    os.kill(embedded.start(data).pid, signal.SIGKILL)
    owner = layout.home.stat()
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid if AS_ROOT else None)
    try:
        lines = layout.pid_file.read_text().splitlines()
        layout.pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert embedded.status(data) is None
        assert embedded.stop(data) is False
        assert embedded.start(data).pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_cannot_be_seen_from_here_is_not_started_twice(data: Path, folder: Path) -> None:
    """As when two containers share a volume: their process numbers mean nothing to each other."""
    embedded.start(data)
    Layout.at(data).pid_file.rename(folder / "hidden.pid")
    try:
        with pytest.raises(embedded.EmbeddedError, match="not to be seen here"):
            embedded.start(data, patience=Patience(unseen=0.2))
    finally:
        (folder / "hidden.pid").rename(Layout.at(data).pid_file)


def test_the_start_lock_is_waited_for_only_so_long(folder: Path) -> None:
    (data := folder / "data").mkdir()
    with Layout.at(data).start_lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(embedded.EmbeddedError, match="still held by another process"):
            embedded.start(data, patience=Patience(start=0.1))


# Who may enter --------------------------------------------------------------------------------------------------------


def password_of(data: Path, role: str) -> str:
    return (data / "postgres" / f"{role}.password").read_text()


def test_nobody_enters_without_the_password(data: Path) -> None:
    found = embedded.start(data)
    for role in ("bursar", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(found.socket_dir), port=5432, user=role, dbname="bursar", password="guess")


def test_only_the_servers_user_can_reach_socket_passwords_and_data(data: Path) -> None:
    home = embedded.start(data).data / "postgres"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE((home / name).stat().st_mode) for name in ("cluster", "socket", "log")} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.glob("*.password")} == {0o600}


def test_tcp_only_when_asked_for_and_on_loopback_with_the_password(data: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = embedded.start(data, tcp_port=port).url()
    assert f"@127.0.0.1:{port}/bursar" in url
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(url.replace(password_of(data, "bursar"), "guess"), "SELECT 1")
    with pytest.raises(embedded.EmbeddedError, match="already running without TCP port"):
        embedded.start(data, tcp_port=port + 1)
    assert embedded.start(data).port == port


def test_the_log_does_not_quote_rows(data: Path) -> None:
    url = embedded.start(data).url()
    ask(url, "CREATE TABLE accounts (iban) AS SELECT 'NL91ABNA' || 0 FROM generate_series(1, 2)")
    with pytest.raises(psycopg.errors.UniqueViolation, match="NL91ABNA0"):
        ask(url, "CREATE UNIQUE INDEX one_account ON accounts (iban)")
    embedded.stop(data)
    log = "".join(file.read_text() for file in (data / "postgres" / "log").iterdir())
    assert "one_account" in log
    assert "NL91ABNA0" not in log


# Paths and OS users ---------------------------------------------------------------------------------------------------


def test_a_long_and_odd_path_gets_its_socket_elsewhere(folder: Path) -> None:
    data = folder / ("a, rather 'long' path %20 " * 5).strip() / "data"
    found = embedded.start(data)
    assert len(str(found.socket_dir)) < SOCKET_PATH_BYTES_MAX
    assert not found.socket_dir.is_relative_to(folder)
    assert ask(found.url(), "SELECT 1") == 1
    assert embedded.start(data) == found
    embedded.stop(data)
    assert not found.socket_dir.exists()


def test_a_socket_folder_laid_by_someone_else_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    data = folder / ("long" * 30) / "data"
    (trap := Layout.at(data).socket_dir()).mkdir()
    trap.chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="alone"):
        embedded.start(data)


@pytest.mark.parametrize("name", ['quo"te', "dol$lar", "back`tick"])
def test_a_path_that_a_shell_would_misread_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(embedded.EmbeddedError, match="may not hold"):
        embedded.start(folder / name)


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/share")
    assert embedded.default_data_dir() == Path("/srv/share/bursar")
    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert embedded.default_data_dir() == Path.home() / ".local/share/bursar"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert embedded.default_data_dir() == Path("/var/lib/bursar")


def test_an_ordinary_user_runs_the_server_as_themselves(folder: Path) -> None:
    uid = in_an_ordinary_users_process(start_and_stop, folder / "data")
    assert uid != 0
    assert ask(embedded.start(folder / "data").url(), "SELECT 1") == 1, "root lends the server its folder's owner"
    assert Layout(folder / "data").pid_file.stat().st_uid == uid


def start_and_stop(data: Path, installation: Installation) -> int:
    assert ask(embedded.start(data, installation=installation).url(), "SELECT 1") == 1
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert embedded.stop(data)
    return os.geteuid()


def in_an_ordinary_users_process(action: Callable[[Path, Installation], int], data: Path) -> int:
    """Call ``action`` as an ordinary user: here, or for root in a forked process as ``nobody``."""
    shipped = embedded.shipped()
    if not AS_ROOT:
        return action(data, shipped)
    entry = pwd.getpwnam("nobody")
    nobody = osuser.OsUser(entry.pw_uid, entry.pw_gid)
    os.chown(data.parent, nobody.uid, nobody.gid)
    reachable = Installation(shipped.programs_for(nobody).parents[1])
    with multiprocessing.get_context("fork").Pool(1, become, [nobody]) as pool:
        return pool.apply(action, [data, reachable])


def become(user: osuser.OsUser) -> None:
    os.setgroups([])
    os.setgid(user.gid)
    os.setuid(user.uid)


@of_root_only
def test_the_server_never_runs_as_root(data: Path) -> None:
    embedded.start(data)
    assert Layout.at(data).pid_file.stat().st_uid != 0, "the server writes this file itself"


@of_root_only
def test_a_folder_closed_to_the_servers_user_is_named(folder: Path) -> None:
    (closed := folder / "closed").mkdir(mode=0o700)
    with pytest.raises(embedded.EmbeddedError, match=rf"^{closed} is closed to .*chmod o\+x {closed}\)"):
        embedded.start(closed / "data")


@of_root_only
def test_programs_closed_to_the_servers_user_are_copied(data: Path, folder: Path) -> None:
    """As when root installs Bursar below /root."""
    (closed := folder / "closed").mkdir(mode=0o700)
    package = embedded.shipped().package
    for name in (package.name, f"{package.name}.libs"):
        (closed / name).symlink_to(package.parent / name)
    installation = Installation(closed / package.name, copies=folder / "open")
    for _ in range(2):
        assert ask(embedded.start(data, installation=installation).url(), "SELECT 1") == 1
        embedded.stop(data)
    assert len(list((folder / "open").iterdir())) == 1
