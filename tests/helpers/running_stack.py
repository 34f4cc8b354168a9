"""A stack of its own home, as the command line starts it."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.closed_server import call
from helpers.paths import ROOT
from helpers.servers import PASSWORDS, clean_environment

PORTS = ("prefect", "mlflow", "postgres", "worker", "metrics")
REGISTER = """
from pathlib import Path
from flows.environment import prepare_environment
from tasks.settings import Settings
settings = Settings()
prepare_environment(settings)
import sys
from tasks.tracking import promote, register_bundle
from tasks.tracking.store import connect, experiment_id
client = connect(settings)
run = client.create_run(experiment_id(settings, "stack"))
version, _ = register_bundle(settings, run.info.run_id, Path(sys.argv[1]), "sondeflow-logs")
promote(settings, version)
print(version.version)
"""


@dataclass
class Stack:
    """A stack of its own home, driven by the command line."""

    folder: Path
    ports: dict[str, int]
    seconds: dict[str, float]
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def command(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "flows", "stack", *arguments, "--json"],
            env=clean_environment(
                self.home,
                **{"SONDEFLOW_SETTLE_SECONDS": "0", "SONDEFLOW_WEBHOOK": "http://127.0.0.1:9/planted"},
                **self.variables,
            ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def up(self) -> dict[str, Any]:
        options = [part for name, port in self.ports.items() for part in (f"--{name}-port", str(port))]
        started = time.monotonic()
        answer = self.command("up", "--every", "10", *options)
        self.seconds["up"] = time.monotonic() - started
        assert answer["ok"], answer
        PASSWORDS[f"{answer['prefect']}/api"] = self.secret("prefect-password")
        return answer

    def down(self) -> dict[str, Any]:
        started = time.monotonic()
        answer = self.command("down")
        self.seconds["down"] = time.monotonic() - started
        return answer

    def secret(self, name: str) -> str:
        path = self.home / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path} can be read by others"
        return path.read_text().strip()

    def secrets(self) -> dict[str, str]:
        found = {
            name: self.secret(f"stack/{name}.pgpass").rpartition(":")[2] for name in ("ledger", "mlflow", "prefect")
        }
        found |= {name: self.secret(f"{name}-password").partition(":")[2] for name in ("prefect", "mlflow")}
        return {**found, "superuser": self.secret("stack/postgres-password"), "planted": "9/planted"}

    def mlflow(self, path: str, login: str | None = None) -> int:
        code = base64.b64encode((login or self.secret("mlflow-password")).encode()).decode()
        port = self.ports["mlflow"]
        return call(port, path, {"Host": f"127.0.0.1:{port}", "Authorization": f"Basic {code}"})[0]

    def run(self, *command: str) -> str:
        """Return what a command of Python prints that uses the stack."""
        line = f'. {self.home}/stack/environment && exec {sys.executable} "$@"'
        done = subprocess.run(
            ["sh", "-c", line, "sh", *command],
            env=clean_environment(self.home),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout

    def ledger(self) -> list[dict[str, Any]]:
        return json.loads(self.run("-m", "flows", "ledger", "--json"))["entries"]
