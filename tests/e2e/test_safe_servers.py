"""Servers that sondeflow starts, attacked as a web page in a browser on the same machine would, or another user."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from helpers.closed_server import assert_closed, call
from helpers.ports import free_port
from helpers.processes import listening_ports, run_watched, tree
from helpers.recordings import make_well
from helpers.servers import clean_environment, wait_for

FLOW = """
from flows.environment import prepare_environment, run_flow
from tasks.settings import Settings
settings = Settings()
prepare_environment(settings)
from prefect import flow

@flow
def asleep() -> None:
    print("asleep", flush=True)
    time.sleep(600)

run_flow(asleep, settings)
"""


def password_of(home: Path) -> str:
    path = home / "prefect-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = path.read_text().strip()
    assert len(password) > 40
    return password


@pytest.fixture
def sleeping(tmp_path) -> Iterator[tuple[subprocess.Popen, int]]:
    """A flow in its own process, and the port of the temporary server that it uses, however long its start takes."""
    environment = clean_environment(tmp_path / "home", PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="1")
    with subprocess.Popen([sys.executable, "-c", FLOW], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "asleep\n"
            (port,) = listening_ports(tree(process.pid))
            yield process, port
        finally:
            process.kill()


def test_the_temporary_server_of_a_flow_is_closed_to_others_and_ends_with_it(sleeping, tmp_path):
    process, port = sleeping
    password = password_of(tmp_path / "home")
    assert_closed(port, password)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    members = tree(process.pid)
    shown = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in members)
    assert password.encode() not in shown
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for("the end of the server", lambda: not any(_alive(pid) for pid in members), 20)


def test_a_temporary_server_that_ends_or_never_listens_is_not_waited_for():
    from flows.prefect_api.temporary import NoServerError, await_listening

    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"]) as ending:
        assert not await_listening(ending, free_port())
        assert ending.returncode == 7
    with subprocess.Popen(["sleep", "60"]) as silent:
        with pytest.raises(NoServerError, match="set PREFECT_API_URL"):
            await_listening(silent, free_port(), seconds=0.5)
        assert silent.wait(10) == -signal.SIGKILL


def test_scoring_an_inbox_opens_no_port(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        write_las(make_well(f"W-{number}", samples=400, seed=number), tmp_path / "in" / f"W-{number}.las")
    command = [sys.executable, "-m", "flows", "score", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]
    done, ports = run_watched(command, clean_environment(tmp_path / "home", SONDEFLOW_SETTLE_SECONDS="0"))
    assert done.returncode == 0, done.stderr[-3000:]
    assert (json.loads(done.stdout)["scored"], ports) == (3, set())
    again, ports = run_watched(command, clean_environment(tmp_path / "home", SONDEFLOW_SETTLE_SECONDS="0"))
    assert (json.loads(again.stdout)["skipped"], ports) == (3, set())


@pytest.mark.slow
def test_the_server_of_serve_is_closed_to_others(tmp_path):
    port, home = free_port(), tmp_path / "home"
    command = [sys.executable, "-m", "flows", "serve", "--json", "--port", str(port)]
    environment = clean_environment(home)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            answer = json.loads(process.stdout.readline())
            password = password_of(home)
            assert answer["password_file"] == str(home / "prefect-password")
            assert password not in json.dumps(answer)
            assert_closed(port, password)
            assert listening_ports(tree(process.pid)) == {port}
            status, headers = call(port, "/", {"Host": f"localhost:{port}"})
            assert status in {200, 307}, "the pages themselves hold nothing and are shown before the login"
            assert "*" not in headers.get("access-control-allow-origin", "")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=90)


def test_the_server_does_not_start_without_a_password(tmp_path):
    from flows.prefect_api.server import server_command

    environment = clean_environment(tmp_path)
    done = subprocess.run(
        server_command("--port", str(free_port())), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "password" in done.stderr


def test_our_password_is_not_sent_to_a_server_elsewhere(tmp_path):
    from flows.prefect_api.password import set_password
    from tasks.settings import Settings

    elsewhere = {"PREFECT_API_URL": "https://prefect.example.org/api"}
    set_password(Settings(home=tmp_path), elsewhere)
    assert set(elsewhere) == {"PREFECT_API_URL"}
    local: dict[str, str] = {}
    set_password(Settings(home=tmp_path), local)
    assert local["PREFECT_API_AUTH_STRING"] == local["PREFECT_SERVER_API_AUTH_STRING"] == password_of(tmp_path)
    assert re.fullmatch(r"sondeflow:[\w-]{43}", local["PREFECT_API_AUTH_STRING"])


def test_two_processes_agree_on_one_password(tmp_path):
    code = "import sys; from pathlib import Path; from tasks.settings import Settings; "
    code += (
        "from flows.prefect_api.password import read_password; print(read_password(Settings(home=Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "home")]
    started = [
        subprocess.Popen(command, env=clean_environment(tmp_path), stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    found = {process.communicate(timeout=60)[0] for process in started}
    assert len(found) == 1
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["prefect-password"]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_a_killed_serve_leaves_nothing_behind(tmp_path):
    command = [sys.executable, "-m", "flows", "serve", "--json", "--port", str(free_port())]
    environment = clean_environment(tmp_path / "home")
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())["ok"]
        members = tree(process.pid) - {process.pid}
        assert len(members) >= 2
        process.kill()
        process.wait()
        wait_for("the end of all that it had started", lambda: not any(_alive(pid) for pid in members), 90)
