"""The whole deployment, as `make stack` starts it: closed to strangers, scoring on schedule, whole after a restart."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from aemodels.io.las.writer import write_las
from helpers.browser import chromium, watch
from helpers.closed_server import assert_closed, call
from helpers.ports import free_port
from helpers.processes import command_line, listening_ports, tree
from helpers.recordings import make_well
from helpers.running_stack import PORTS, REGISTER, Stack
from helpers.servers import ask, wait_for

PICTURES = os.environ.get("PICTURES", "")  # a folder that keeps the screenshots


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="sondeflow-stack-"))
    folder.chmod(0o755)  # for root, another user runs PostgreSQL and has to pass through
    running = Stack(folder, {name: free_port() for name in PORTS}, {})
    try:
        running.up()
        yield running
    finally:
        running.command("down")
        sys.stdout.write(f"seconds: {running.seconds}\n")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def champion(stack, tmp_path_factory) -> str:
    """A bundle in the registry of the stack, with the alias champion; its folder in the outbox."""
    from helpers.cheap_bundle import save_cheap_bundle

    folder = save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "cheap")
    script = folder.parent / "register.py"
    script.write_text(REGISTER)
    version = stack.run(str(script), str(folder)).split()[-1]
    return f"bundle=sondeflow-logs-v{version}"


def _drop(stack: Stack, number: int) -> None:
    write_las(make_well(f"S-{number}", samples=400, seed=number), stack.home / "inbox" / f"S-{number}.las")


def _scored(stack: Stack, folder: str) -> list[Path]:
    return list((stack.home / "outbox" / "scores").glob(f"kind=logs/{folder}/*.parquet"))


@pytest.mark.slow
def test_what_is_dropped_in_is_scored_by_the_champion_and_seen_in_both_servers(stack, champion):
    _drop(stack, 1)
    (stack.home / "inbox" / "letter.las").write_text("Dear all,\n")
    started = time.monotonic()
    wait_for("the scores", lambda: _scored(stack, champion), 240)
    stack.seconds["from inbox to scores"] = time.monotonic() - started
    wait_for("the quarantine", lambda: list((stack.home / "outbox/quarantine").glob("*/reason.json")), 60)
    api = f"http://127.0.0.1:{stack.ports['prefect']}/api"
    done = {"flows": {"name": {"any_": ["score"]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    wait_for("a completed run", lambda: ask(api, "/flow_runs/filter", done), 60)
    names = {deployment["name"] for deployment in ask(api, "/deployments/filter", {})}
    assert {"score", "monitor", "train-logs"} <= names
    assert stack.mlflow("/api/2.0/mlflow/registered-models/alias?name=sondeflow-logs&alias=champion") == 200
    assert sorted(row["state"] for row in stack.ledger()) == ["published", "quarantined"]


@pytest.mark.slow
def test_the_metrics_tell_what_happened(stack, champion):
    def read() -> dict[str, float]:
        from urllib.request import urlopen

        with urlopen(f"http://127.0.0.1:{stack.ports['metrics']}/metrics", timeout=20) as reply:
            lines = [line for line in reply.read().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    values = wait_for("a heartbeat", lambda: (v := read()).get("sondeflow_worker_heartbeat_age_seconds") and v, 120)
    assert values['sondeflow_files{outcome="published"}'] == 1
    assert values['sondeflow_files_last_day{outcome="quarantined"}'] == 1
    assert values["sondeflow_files_waiting"] == 0
    assert values["sondeflow_worker_heartbeat_age_seconds"] < 120
    assert values['sondeflow_last_completed_run_seconds{flow="score"}'] < 300
    for name in ("ledger", "mlflow", "prefect"):
        assert values[f'sondeflow_database_bytes{{database="{name}"}}'] > 1e6
    assert {name: values[f'sondeflow_source_up{{source="{name}"}}'] for name in ("ledger", "disk", "prefect")} == {
        "ledger": 1,
        "disk": 1,
        "prefect": 1,
    }
    report = json.loads(stack.run("-m", "flows", "maintain", "--dry-run", "--json"))
    sizes = {size["part"]: size["before"] for size in report["sizes"]}
    for part in ("ledger", "database of MLflow", "database of Prefect"):
        assert sizes[part] > 1e6, part
    port, host = stack.ports["metrics"], f"127.0.0.1:{stack.ports['metrics']}"
    assert call(port, "/metrics", {"Host": "evil.example"})[0] == 403
    assert call(port, "/metrics", {"Host": host, "Origin": "https://evil.example"})[0] == 403
    assert call(port, "/metrics", {"Host": host}, {})[0] == 405


@pytest.mark.slow
def test_strangers_are_refused_by_every_server(stack):
    assert_closed(stack.ports["prefect"], stack.secret("prefect-password"))
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert stack.mlflow(path) == 200
    for wrong in ("sondeflow:guess", "admin:password1234", ":"):
        assert stack.mlflow(path, wrong) == 401
    port = stack.ports["mlflow"]
    login = "Basic " + base64.b64encode(stack.secret("mlflow-password").encode()).decode()
    for inner in ("/", path, "/ajax-api/2.0/mlflow/experiments/search?max_results=1", "/graphql"):
        assert call(port, inner, {"Host": f"127.0.0.1:{port}"})[0] == 401
    for host in ("evil.example", f"evil.example:{port}"):
        assert call(port, path, {"Host": host, "Authorization": login})[0] == 403
    own = {"Host": f"127.0.0.1:{port}", "Authorization": login, "Content-Type": "application/json"}
    create = "/api/2.0/mlflow/experiments/create"
    assert call(port, create, own | {"Origin": "https://evil.example"}, {"name": "evil"})[0] == 403


@pytest.mark.slow
def test_each_role_enters_its_own_database_only(stack):
    import psycopg2

    roles = ("ledger", "mlflow", "prefect")
    secrets = stack.secrets()

    def enter(role: str, database: str, password: str) -> bool:
        where = {"host": "127.0.0.1", "port": stack.ports["postgres"], "user": role, "dbname": database}
        try:
            psycopg2.connect(**where, password=password, passfile=os.devnull).close()
        except psycopg2.OperationalError:
            return False
        return True

    passwords = {role: stack.secret(f"stack/{role}.pgpass").rpartition(":")[2] for role in (*roles, "metrics")}
    assert {(role, name) for role in roles for name in roles if enter(role, name, passwords[role])} == {
        (role, role) for role in roles
    }
    assert not any(enter(role, role, "guess") for role in (*roles, "metrics", "postgres"))
    assert len(set(secrets.values())) == len(secrets)
    reader = psycopg2.connect(
        host="127.0.0.1", port=stack.ports["postgres"], user="metrics", dbname="ledger", password=passwords["metrics"]
    )
    with reader, reader.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("DELETE FROM scorings")
    reader.close()


@pytest.mark.slow
def test_no_secret_is_on_a_command_line_or_where_it_is_not_needed(stack):
    secrets = stack.secrets()
    passwords_of_roles = {
        stack.secret(f"stack/{role}.pgpass").rpartition(":")[2] for role in ("ledger", "mlflow", "prefect")
    }
    for pid in tree(_supervisor(stack)):
        shown = _read(pid, "cmdline")
        assert [name for name, secret in secrets.items() if secret in shown] == [], shown
        held = _read(pid, "environ")
        if pid != _supervisor(stack):
            assert not [value for value in passwords_of_roles | {secrets["superuser"], "9/planted"} if value in held], (
                shown
            )
    log = (stack.home / "stack/stack.log").read_text()
    assert [name for name, secret in secrets.items() if secret in log] == []


@pytest.mark.slow
def test_it_listens_on_this_machine_only(stack):
    """The announced ports, and those by which the worker talks to its runs."""
    found = listening_ports(tree(_supervisor(stack)))
    assert found >= set(stack.ports.values())
    (worker,) = [pid for pid in tree(_supervisor(stack)) if b"worker\0start" in command_line(pid)]
    assert found - listening_ports({worker}) == set(stack.ports.values()) - {stack.ports["worker"]}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert {row[1].partition(":")[0] for row in rows if row[3] == "0A" and int(row[1][-4:], 16) in found} == {
        "0100007F"
    }
    wider = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    assert not [row for row in wider if row[3] == "0A" and int(row[1][-4:], 16) in found]


@pytest.mark.slow
def test_both_pages_show_it_in_a_browser_after_logging_in(stack, champion, tmp_path):
    pictures = Path(PICTURES or tmp_path)
    user, _, password = stack.secret("mlflow-password").partition(":")
    with chromium() as browser:
        page = watch(browser).page
        page.goto(f"http://127.0.0.1:{stack.ports['prefect']}/runs")
        page.get_by_placeholder("Enter password").or_(page.locator("input[type=password]")).first.wait_for()
        page.screenshot(path=pictures / "prefect-login.png")
        page.locator("input[type=password]").first.fill(stack.secret("prefect-password"))
        page.keyboard.press("Enter")
        page.get_by_text("score").first.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        page.screenshot(path=pictures / "prefect-runs.png")
        with pytest.raises(PlaywrightError, match="ERR_INVALID_AUTH_CREDENTIALS"):
            browser.new_context().new_page().goto(f"http://127.0.0.1:{stack.ports['mlflow']}/")
        context = browser.new_context(
            http_credentials={"username": user, "password": password}, viewport={"width": 1300, "height": 950}
        )
        models = context.new_page()
        models.goto(f"http://127.0.0.1:{stack.ports['mlflow']}/#/models/sondeflow-logs")
        models.get_by_text("champion").first.wait_for(timeout=60_000)
        models.screenshot(path=pictures / "mlflow-model.png")


@pytest.mark.slow
def test_a_second_start_changes_nothing_and_status_says_what_answers(stack):
    before = _supervisor(stack)
    assert stack.up()["pid"] == before
    answer = stack.command("status")
    assert answer["ok"]
    assert answer["answers"] == dict.fromkeys(("prefect", "mlflow", "metrics", "worker"), True)


@pytest.mark.slow
def test_a_service_that_is_killed_is_started_again(stack):
    (server,) = [pid for pid in tree(_supervisor(stack)) if b"flows.prefect_api.server" in command_line(pid)]
    os.kill(server, signal.SIGKILL)
    wait_for("the end of it", lambda: not _alive(server), 20)
    wait_for("its successor", lambda: stack.command("status")["ok"], 120)


@pytest.mark.slow
def test_a_restart_keeps_the_data_and_goes_on_scoring(stack, champion):
    rows = {row["sha256"]: row["state"] for row in stack.ledger()}
    api = f"http://127.0.0.1:{stack.ports['prefect']}/api"
    runs = {
        run["id"] for run in ask(api, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}})
    }
    secrets = stack.secrets()
    running = {"flows": {"name": {"any_": ["score"]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    wait_for("a run in progress", lambda: ask(api, "/flow_runs/filter", running), 120)
    assert stack.down()["stopped"]
    assert stack.up()["ok"]
    assert stack.secrets() == secrets
    assert rows.items() <= {row["sha256"]: row["state"] for row in stack.ledger()}.items()
    assert stack.mlflow("/api/2.0/mlflow/registered-models/alias?name=sondeflow-logs&alias=champion") == 200
    kept = ask(api, "/flow_runs/filter", {"flow_runs": {"id": {"any_": sorted(runs)}}})
    assert {run["id"] for run in kept} == runs
    known = len(_scored(stack, champion))
    _drop(stack, 2)
    started = time.monotonic()
    wait_for("the scores of another file", lambda: len(_scored(stack, champion)) == known + 1, 240)
    stack.seconds["from inbox to scores after a restart"] = time.monotonic() - started


@pytest.mark.slow
def test_after_the_stop_no_process_and_no_port_remains(stack):
    members = tree(_supervisor(stack))
    assert len(members) > 6
    assert stack.down()["stopped"]
    assert [pid for pid in members if _alive(pid)] == []
    assert all(_is_free(port) for port in stack.ports.values())
    assert not stack.command("down")["stopped"]
    assert not stack.command("status")["ok"]


def _supervisor(stack: Stack) -> int:
    return int(json.loads((stack.home / "serve.lock").read_text())["pid"])


def _read(pid: int, name: str) -> str:
    """Return what the system shows of a process; "" if it has ended meanwhile, as runs of the worker do."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
