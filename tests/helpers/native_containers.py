"""Services of docker/compose.yaml as processes of this machine: what an engine would do, without one."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flows.server.processes import Process, start
from helpers.paths import ROOT
from helpers.ports import free_port
from helpers.servers import clean_environment, wait_for

DOCKER = ROOT / "docker"
TEXT = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
PORTS = {"postgres": "5432", "mlflow": "5000", "prefect": "4200", "worker": "8080", "metrics": "9464"}


@dataclass
class Native:
    """The services of compose.yaml as processes of this machine."""

    folder: Path
    database: Path  # elsewhere: another user, who may not pass through the folders of pytest, runs the database
    ports: dict[str, str] = field(default_factory=lambda: {name: str(free_port()) for name in PORTS})
    running: list[Process] = field(default_factory=list)

    def here(self, text: str) -> str:
        """A value of compose.yaml with hosts, ports and folders in their native places."""
        for name, port in PORTS.items():
            text = text.replace(f"@{name}:{port}", f"@127.0.0.1:{self.ports[name]}")
            text = re.sub(rf"(?<!-)\b(?:{name}|localhost|127\.0\.0\.1):{port}", f"127.0.0.1:{self.ports[name]}", text)
            text = text.replace(f"--port={port}", f"--port={self.ports[name]}")
            text = self.ports[name] if text == port else text
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text.replace("0.0.0.0", "127.0.0.1"))
        text = re.sub(r"^(--\S+=)?(/data|/tmp|/mlartifacts)(?=/|$)", rf"\1{self.folder}\2", text)
        text = text.replace("/run/secrets", str(self.folder / "secrets"))
        text = text.replace("/etc/sondeflow/prefect.yaml", str(ROOT / "prefect.yaml"))
        return text.replace("/etc/sondeflow", str(self.folder))

    def environment(self, name: str) -> dict[str, str]:
        stated = {key: self.here(value) for key, value in SERVICES[name]["environment"].items()}
        clean = clean_environment(self.folder)
        for mine in [key for key in clean if key.startswith(("SONDEFLOW_", "PREFECT_"))]:
            del clean[mine]  # what the services need, compose.yaml says
        places = {
            "PATH": f"{DOCKER}{os.pathsep}{clean['PATH']}",
            "PWD": str(self.folder),
        }
        return clean | places | stated

    def command(self, name: str) -> list[str]:
        service = SERVICES[name]
        return [self.here(part) for part in [*service["entrypoint"], *service.get("command", [])]]

    def run(self, name: str, *more: str) -> subprocess.CompletedProcess[str]:
        """A service that ends."""
        return subprocess.run(
            [*self.command(name), *more],
            cwd=self.folder,
            env=self.environment(name),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def up(self, name: str) -> None:
        """A service that stays, until its health check passes."""
        environment = self.environment(name)
        command = self.command(name)
        command[0] = str(DOCKER / command[0])
        self.running.append(start(command, environment))
        wait_for(f"the health of {name}", lambda: self.healthy(name), 200)

    def healthy(self, name: str) -> bool:
        kind, *check = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        command = [self.here(part) for part in check]
        environment = clean_environment(self.folder)
        environment["PATH"] = f"{postgres_programs() or ''}{os.pathsep}{environment['PATH']}"
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def postgres_programs() -> Path | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name))
    share = [place for place in places if int(place.parent.name) >= 14]
    return share[-1] if share else None


def has_trigrams(bin_folder: Path) -> bool:
    share = Path("/usr/share/postgresql") / bin_folder.parent.name / "extension" / "pg_trgm.control"
    return share.is_file()


def _database_user() -> str | None:
    """PostgreSQL refuses to run as root; who is not root runs it as himself."""
    return pwd.getpwnam("postgres").pw_name if os.geteuid() == 0 else None


def start_postgres(native: Native, bin_folder: Path) -> None:
    """What the image does on an empty volume: a cluster with this user and password, then the script of databases."""
    data, user = native.database / "data", _database_user()
    environment = SERVICES["postgres"]["environment"]
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    data.mkdir()
    password = native.folder / "secrets" / "postgres_password"
    given = data.parent / "password"
    shutil.copy(password, given)
    for place in (data, given):
        shutil.chown(place, user or os.geteuid())
    name = environment["POSTGRES_USER"]
    options = ["--username", name, "--pwfile", given, "--auth", "scram-sha-256", "--no-sync", "--encoding", "UTF8"]
    subprocess.run(
        [bin_folder / "initdb", "--pgdata", data, *options], check=True, capture_output=True, user=user, cwd="/"
    )
    listen = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    server = [str(bin_folder / "postgres"), "-D", str(data), "-p", native.ports["postgres"], *listen]
    launcher = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    native.running.append(start([*launcher, *server]))
    script = (DOCKER / "init-databases.sql").read_text(encoding="utf-8")
    access = {**os.environ, "PGPASSWORD": password.read_text(encoding="utf-8"), "SECRETS": str(password.parent)}
    client = [bin_folder / "psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--host", "127.0.0.1"]
    client += ["--port", native.ports["postgres"], "--username", name, "--dbname", "postgres"]
    ready = [bin_folder / "pg_isready", "--host", "127.0.0.1", "--port", native.ports["postgres"]]
    wait_for("PostgreSQL", lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, 60)
    subprocess.run(client, input=script, env=access, check=True, capture_output=True, text=True)
    assert native.healthy("postgres")
