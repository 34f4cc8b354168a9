"""Ports and files of the stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from flows.server.processes import HOST
from tasks.settings import Settings

LEDGER, MLFLOW, PREFECT = "ledger", "mlflow", "prefect"
DATABASES = (LEDGER, MLFLOW, PREFECT)  # each has a role of its own with the same name
METRICS = "metrics"  # a role that reads the ledger and the sizes of all databases


class StackOptions(BaseModel):
    """Options of `sondeflow stack up`; they hold no secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefect_port: int = Field(default=4200, description="port of Prefect's pages and API")
    mlflow_port: int = Field(default=5000, description="port of MLflow's pages and API")
    postgres_port: int = Field(default=5433, description="port of PostgreSQL")
    worker_port: int = Field(default=8080, description="port of the worker's health check")
    metrics_port: int = Field(default=9464, description="port of the metrics")
    every: float | None = Field(default=None, description="interval of scoring in s; None for the schedule in the file")

    @property
    def prefect(self) -> str:
        """Address of Prefect's pages."""
        return f"http://{HOST}:{self.prefect_port}"

    @property
    def mlflow(self) -> str:
        """Address of MLflow's pages."""
        return f"http://{HOST}:{self.mlflow_port}"

    @property
    def metrics(self) -> str:
        """Address of the metrics."""
        return f"http://{HOST}:{self.metrics_port}/metrics"

    @property
    def worker(self) -> str:
        """Address of the worker's health check."""
        return f"http://{HOST}:{self.worker_port}/health"

    def database(self, name: str, *, driver: str = "psycopg2", role: str = "") -> str:
        """SQLAlchemy URL of a database; its password is in a password file."""
        return f"postgresql+{driver}://{role or name}@{HOST}:{self.postgres_port}/{name}"


@dataclass(frozen=True)
class Places:
    """Files of the stack in a home folder."""

    home: Path

    @property
    def folder(self) -> Path:
        """Folder of all that only the stack uses."""
        return self.home / "stack"

    @property
    def postgres(self) -> Path:
        """Folder of PostgreSQL's cluster; the account that runs the server owns it."""
        return self.folder / "postgres"

    @property
    def superuser(self) -> Path:
        """File with the password of PostgreSQL's superuser, which no service gets."""
        return self.folder / "postgres-password"

    @property
    def choice(self) -> Path:
        """File with what the first start has chosen, and the versions of the last."""
        return self.folder / "choice.json"

    @property
    def ready(self) -> Path:
        """File with the answer of the running stack; absent until it is ready."""
        return self.folder / "ready.json"

    @property
    def log(self) -> Path:
        """File with the output of all services."""
        return self.folder / "stack.log"

    @property
    def environment(self) -> Path:
        """File that a shell reads to use the stack: addresses and names of files, no passwords."""
        return self.folder / "environment"

    def passfile(self, role: str) -> Path:
        """File from which libpq and asyncpg read a role's password."""
        return self.folder / f"{role}.pgpass"


def places_of(settings: Settings) -> Places:
    """Return the places in the home of the settings."""
    return Places(settings.home)
