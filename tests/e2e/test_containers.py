"""The container files: checked as text, and their services started natively with what compose.yaml says.

No container engine is needed. Commands, environment, health checks and secrets are taken from compose.yaml; only the
names of hosts, the ports (free ones here) and the folders are put in their native places. The image of PostgreSQL is
stood in for by an installed server of version 14 or newer with its contrib modules (Prefect needs pg_trgm).
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.server.processes import answers, start, stop
from helpers.closed_server import assert_closed, call
from helpers.native_containers import (
    DOCKER,
    PORTS,
    SERVICES,
    TEXT,
    Native,
    has_trigrams,
    postgres_programs,
    start_postgres,
)
from helpers.ports import free_port
from helpers.servers import PASSWORDS, ROOT, ask, wait_for

QUIET = {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
ENDS = {"initialise", "sondeflow", "s3-bucket"}
OWN = sorted(name for name, service in SERVICES.items() if service["image"] == "sondeflow")


def test_the_dockerfile_passes_its_linter():
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _check(content: dict[str, Any]) -> list[str]:
    """The names of the services, where a content without anchors and merges follows the compose specification."""
    from compose_spec import PyCompose

    checked = PyCompose.from_yaml(yaml.safe_dump(content))
    checked.validate()
    return checked.service_names()


def test_compose_follows_its_specification():
    assert set(_check(yaml.safe_load(TEXT))) == set(SERVICES)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"porst": []}, "porst"),
        ({"ports": 3}, "ports"),
        ({"secrets": ["other"]}, "other"),
        ({"restart": "?"}, "restart"),
    ],
)
def test_the_specification_refuses_what_it_should(wrong, why):
    with pytest.raises(ValueError, match=why):
        _check({"services": {"a": {"image": "x", **wrong}}})


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_local_hardened_and_without_passwords(name):
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service["read_only"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"]
    assert "healthcheck" in service or name in ENDS, "only what ends has no health check"
    assert not re.search(r"://\w+:[^@/]+@", str(service)), "a password stands in a URL"
    if name != "postgres":
        assert service["cap_drop"] == ["ALL"]
    if name in OWN:
        assert service["entrypoint"][0] == "with-secrets"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_gets_the_secrets_that_it_reads_and_no_others(name):
    service = SERVICES[name]
    read = {
        value.removeprefix("/run/secrets/") for value in service["environment"].values() if "/run/secrets/" in value
    }
    if name == "postgres":  # its script of databases reads the passwords of the roles
        read |= {f"{role}_password" for role in ("ledger", "mlflow", "prefect", "metrics")}
    assert set(service.get("secrets", [])) == read


def test_one_role_per_database_and_none_is_the_superuser():
    users = set(re.findall(r"postgresql\+\w+://(\w+)@postgres:5432/(\w+)", TEXT))
    assert users == {("ledger", "ledger"), ("mlflow", "mlflow"), ("prefect", "prefect"), ("metrics", "ledger")}


def test_images_are_pinned_by_exact_version():
    bases = re.findall(r"^FROM (\S+)", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    images = {service["image"] for service in SERVICES.values()} - {"sondeflow"} | set(bases)
    assert len(images) == 3
    for image in images:
        assert re.search(r":(\d+\.\d+(\.\d+)?-\S*bookworm|RELEASE\.\d{4}-\S+Z)$", image), image


def test_passwords_are_made_once_and_never_committed(tmp_path):
    script = shutil.copy(DOCKER / "make-secrets", tmp_path)
    names = set(yaml.safe_load(TEXT)["secrets"])
    subprocess.run([script], check=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == names
    assert len(set(made.values())) == len(names)
    for name, text in made.items():
        assert re.fullmatch(r"sondeflow:[\w-]{43}" if name.endswith("_login") else r"[\w-]{43}", text), name
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    subprocess.run([script], check=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()} == made
    for name, secret in yaml.safe_load(TEXT)["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        ignored = subprocess.run(["git", "check-ignore", "-q", f"docker/secrets/{name}"], cwd=ROOT, check=False)
        assert ignored.returncode == 0


# in containers instead of a file in the home folder, an option, or an address of this machine
CONTAINERS_ONLY = {"HOME", "MLFLOW_ARTIFACTS_DESTINATION", "PREFECT_UI_STATIC_DIRECTORY", "SONDEFLOW_DASK_SCHEDULER"}
CONTAINERS_ONLY |= {"PREFECT_HOME", "SONDEFLOW_TASK_RUNNER", "MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"}


@pytest.mark.parametrize("name", ["mlflow", "prefect", "worker", "metrics"])
def test_the_native_stack_runs_the_same(name, tmp_path, monkeypatch):
    """What a service of compose.yaml is started with, `sondeflow stack up` starts it with as well."""
    from flows.stack import services
    from flows.stack.places import Places, StackOptions
    from tasks.settings import Settings

    for key, value in QUIET.items():  # the Makefile sets them
        monkeypatch.setenv(key, value)
    settings, places, options = Settings(home=tmp_path), Places(tmp_path), StackOptions()
    more = {"on_postgres": True} if name == "prefect" else {}
    native = getattr(services, f"{name}_service")(settings, places, options, **more)
    service = SERVICES[name]
    stated = {key for key in service["environment"] if not key.endswith("_FILE")} - CONTAINERS_ONLY
    assert stated <= set(native.environment)
    options_of = {part.partition("=")[0] for part in service["command"] if part.startswith("--")}
    assert options_of - {"--allowed-host", "--allowed-hosts", "--host"} <= set(native.command)
    program = service["entrypoint"][2:]  # after with-secrets and python
    assert list(native.command[1 : len(program) + 1]) == program
    health = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", str(service["healthcheck"]["test"]))
    port = getattr(options, f"{name}_port")
    addresses = {"mlflow": f"{options.mlflow}/health", "prefect": f"{options.prefect}/api/health"}
    addresses |= {"worker": options.worker, "metrics": options.metrics}
    assert addresses[name] == f"http://127.0.0.1:{port}{health[2]}"
    assert health[1] == PORTS[name] == str(port)


def test_every_file_that_the_image_copies_travels_to_the_engine():
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    for place in (name for line in copies for name in line.split()):
        assert (ROOT / place).exists(), f"Dockerfile copies {place}, which does not exist"
        assert f"!{place}" in kept, f".dockerignore keeps {place} back"


@pytest.fixture(scope="module")
def native(tmp_path_factory) -> Iterator[Native]:
    bin_folder = postgres_programs()
    if bin_folder is None or not has_trigrams(bin_folder):
        pytest.skip("no PostgreSQL 14 or newer with contrib under /usr/lib/postgresql (apt-get install postgresql)")
    database = Path(tempfile.mkdtemp(prefix="sondeflow-postgres-"))
    database.chmod(0o755)
    services = Native(tmp_path_factory.mktemp("native"), database)
    for place in ("data/work", "data/inbox", "data/outbox", "data/raw", "mlartifacts", "tmp", "secrets"):
        (services.folder / place).mkdir(parents=True)
    script = shutil.copy(DOCKER / "make-secrets", services.folder)
    subprocess.run([script], check=True)
    configuration = (DOCKER / "mlflow-auth.ini").read_text(encoding="utf-8")
    (services.folder / "mlflow-auth.ini").write_text(services.here(configuration), encoding="utf-8")
    api = f"http://127.0.0.1:{services.ports['prefect']}/api"
    PASSWORDS[api] = (services.folder / "secrets" / "prefect_login").read_text(encoding="utf-8")
    try:
        start_postgres(services, bin_folder)
        for name in ("mlflow", "prefect"):
            services.up(name)
        first = services.run("initialise")
        assert first.returncode == 0, first.stdout + first.stderr
        services.up("worker")
        services.up("metrics")
        yield services
    finally:
        stop(services.running)
        shutil.rmtree(database)


@pytest.mark.slow
def test_the_initialiser_can_run_again(native):
    again = native.run("initialise")
    assert again.returncode == 0, again.stdout + again.stderr
    api = f"http://127.0.0.1:{native.ports['prefect']}/api"
    stated = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {found["name"] for found in ask(api, "/deployments/filter", {})} == {one["name"] for one in stated}
    assert len(ask(api, "/automations/filter", {})) == 1


@pytest.mark.slow
def test_a_run_goes_through_worker_ledger_and_outbox(native):
    api = f"http://127.0.0.1:{native.ports['prefect']}/api"
    (native.folder / "data" / "inbox" / "letter.docx").write_text(
        "Dear all,\n"
    )  # of no kind: no champion is needed to refuse it
    deployment = ask(api, "/deployments/name/score/score")
    run = ask(api, f"/deployments/{deployment['id']}/create_flow_run", {})
    state = wait_for("the run's end", lambda: _end(api, run["id"]), 240)
    assert state["type"] == "COMPLETED", state
    assert list((native.folder / "data" / "outbox" / "quarantine").glob("*/reason.json"))
    listed = native.run("sondeflow", "ledger", "--json")
    assert listed.returncode == 0, listed.stderr
    assert '"quarantined"' in listed.stdout


@pytest.mark.slow
def test_without_the_password_nothing_is_let_in(native):
    environment = native.environment("sondeflow")
    wrong = native.folder / "wrong"
    wrong.write_text("wrong")
    environment["DATABASE_PASSWORD_FILE"] = str(wrong)
    command = [*native.command("sondeflow"), "ledger", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=native.folder)
    assert done.returncode == 1
    assert "password authentication failed" in done.stdout


@pytest.mark.slow
def test_both_servers_ask_for_their_passwords(native):
    secrets = {path.name: path.read_text() for path in (native.folder / "secrets").iterdir()}
    assert_closed(int(native.ports["prefect"]), secrets["prefect_login"])
    port = int(native.ports["mlflow"])
    path, own = "/api/2.0/mlflow/experiments/search?max_results=1", {"Host": f"127.0.0.1:{port}"}
    codes = {login: base64.b64encode(login.encode()).decode() for login in (secrets["mlflow_login"], "sondeflow:guess")}
    assert [call(port, path, own | {"Authorization": f"Basic {code}"})[0] for code in codes.values()] == [200, 401]
    assert call(port, path, own)[0] == 401
    right = own | {"Authorization": f"Basic {codes[secrets['mlflow_login']]}", "Host": "evil.example"}
    assert call(port, path, right)[0] == 403


@pytest.mark.slow
def test_with_the_profile_s3_artifacts_go_to_the_store(native, tmp_path):
    """The bucket is made and MLflow writes to it, as compose.yaml says; moto stands in for the store."""
    from moto.server import ThreadedMotoServer

    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    store.start()
    try:
        address = "http://{}:{}".format(*store.get_host_and_port())
        native.ports["s3"] = address.rsplit(":", 1)[1]
        made = SERVICES["s3-bucket"]
        command = [part.replace("http://s3:9000", address) for part in [*made["entrypoint"], *made["command"]]]
        environment = native.environment("s3-bucket")
        for _ in range(2):
            subprocess.run([DOCKER / command[0], *command[1:]], env=environment, check=True, timeout=120)
        port = str(free_port())
        server = [part.replace(native.ports["mlflow"], port) for part in native.command("mlflow")]
        chosen = {"MLFLOW_ARTIFACTS_DESTINATION": "s3://mlflow", "MLFLOW_S3_ENDPOINT_URL": address}
        native.running.append(start([str(DOCKER / server[0]), *server[1:]], native.environment("mlflow") | chosen))
        login = (native.folder / "secrets" / "mlflow_login").read_text().partition(":")
        where = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_TRACKING_USERNAME": login[0]}
        where |= {"MLFLOW_TRACKING_PASSWORD": login[2], "MLFLOW_EXPERIMENT_NAME": "in-s3"}
        wait_for("the second MLflow server", lambda: answers(f"{where['MLFLOW_TRACKING_URI']}/health"), 200)
        code = "import mlflow; mlflow.start_run(); mlflow.log_text('kept', 'note.txt')"
        subprocess.run(
            [sys.executable, "-c", code], env=native.environment("sondeflow") | where, check=True, timeout=200
        )
        keys = "import s3fs, sys; print(s3fs.S3FileSystem(endpoint_url=sys.argv[1]).find('mlflow'))"
        key = (native.folder / "secrets" / "s3_password").read_text()
        listed = subprocess.run(
            [sys.executable, "-c", keys, address],
            env=environment | {"AWS_SECRET_ACCESS_KEY": key},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "note.txt" in listed.stdout
    finally:
        store.stop()


def _end(api: str, run: str) -> dict[str, Any] | None:
    state = ask(api, f"/flow_runs/{run}")["state"]
    return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None
