"""Settings of an installation: one frozen object read from the environment (prefix SONDEFLOW_)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from aemodels.core.errors import DataError
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.remote import local_path
from aemodels.io.segy.header_positions import HeaderPositions, parse_positions
from tasks.address import LOCAL_NAMES, Address, refuse_login


def _in_home(name: str) -> Any:
    """Return a field whose default is a folder in `home`."""
    return Field(default_factory=lambda data: data["home"] / name, description=f"default: {name} in home")


class Settings(BaseSettings):
    """Settings of an installation; scientific choices belong to an ExperimentSpec. Reading settings creates nothing.

    Args:
        home: folder of everything that has no setting of its own.
        tracking_uri: MLflow's tracking store (SQLite in home, or http://…, postgresql://…).
        tracking_password_file: file with `user:password` of an MLflow server whose address names none; by default
            `mlflow-password` in home, for servers of this machine only.
        ledger_url: SQLAlchemy URL of the ledger of arrived files (SQLite in home).
        inbox: where new files arrive: a folder, or an address in an object store, e.g. "s3://bucket/prefix".
        outbox: where scores go, likewise.
        workers: number of concurrent tasks per flow.
        task_runner: "threads" in this process, or "dask" (needs prefect-dask).
        dask_scheduler: address of a running Dask scheduler, e.g. "tcp://host:8786", whose workers need the same home
            folder, ledger and tracking store; without it, "dask" starts workers on this machine.
        dask_minimum: fewest Dask workers on this machine; with it their number follows the work, up to `workers`.
        range_traces: least number of traces per range of a large SEG-Y file on Dask; by default about 50 MB.
        dask_tls_ca, dask_tls_cert, dask_tls_key: PEM files for a scheduler at "tls://host:8786".
        aliases: a YAML file of mnemonics and units that takes precedence over the built-in one.
        settle_seconds: age in s at which an unchanged file is complete; younger files are checked twice.
        batch: files per scoring task.
        lease_seconds: time in s without a heartbeat after which others may take over a worker's claims.
        file_seconds: time limit in s for reading and scoring one file.
        memory_mb: memory limit of a scoring process in MiB; by default they share four fifths of the machine's.
        progress: show a progress bar of trainings on a terminal.
        max_attempts: attempts at a file that fails with an unexpected error.
        quarantine_limit: share of a run's new files in quarantine above which an alarm is raised.
        quarantine_minimum: minimum number of new files for that alarm, of a run or of the last day; three are enough if
            all are quarantined.
        keep_results_days: age in days after which results of a version are removed that a newer one has scored again.
        keep_quarantine_days: age after which a copy in quarantine is removed, if the file is still where it arrived.
        keep_cache_days: time in days without use after which stored recordings, fits, comparisons and downloads are
            removed, which can be made again.
        keep_checkpoints_days: the same for checkpoints of unfinished trainings.
        keep_runs_days: age after which Prefect's finished runs are removed, with their logs and pages.
        keep_events_days: age after which Prefect's events are removed.
        keep_deleted_days: age after which runs that were deleted in MLflow are removed for good.
        log_mb: size in MB above which a log file is rotated; seven packed ones are kept.
        header_positions: bytes of lines and coordinates in SEG-Y trace headers, e.g. `inline=9,crossline=21` (or the
            same as a JSON object); without it the reader looks for them.
        max_file_bytes: a larger file, local or remote, is refused unread.
        max_whole_bytes: a larger SEG-Y file is processed block by block, with constant memory.
        max_unpacked_bytes: a gzip'd file that unpacks to more is refused.
        max_unpacked_ratio: so is one that unpacks to more than this multiple of its size (beyond 64 MiB).
    """

    model_config = SettingsConfigDict(
        env_prefix="SONDEFLOW_", frozen=True, extra="ignore", validate_default=True, hide_input_in_errors=True
    )

    home: Path = Field(default=Path("data/work"), description="folder of everything that has no setting of its own")
    tracking_password_file: Path | None = Field(default=None, description="file with user:password of MLflow's server")
    tracking_uri: Address = Field(
        default_factory=lambda data: _sqlite(data["home"] / "mlflow.db"), description="MLflow tracking store"
    )
    ledger_url: Address = Field(
        default_factory=lambda data: _sqlite(data["home"] / "ledger.db"), description="SQLAlchemy URL of the ledger"
    )
    inbox: Path | str = _in_home("inbox")
    outbox: Path | str = _in_home("outbox")
    workers: int = Field(default=2, ge=1, le=256, description="number of concurrent tasks per flow")
    task_runner: Literal["threads", "dask"] = Field(default="threads", description="where tasks run")
    dask_scheduler: str = Field(default="", description="address of a running Dask scheduler")
    dask_minimum: int | None = Field(
        default=None, ge=0, description="fewest Dask workers on this machine; their number then follows the work"
    )
    dask_tls_ca: Path | None = Field(default=None, description="PEM file of the authority of a tls:// scheduler")
    dask_tls_cert: Path | None = Field(default=None, description="PEM file of the certificate for that scheduler")
    dask_tls_key: Path | None = Field(default=None, description="PEM file of the key of that certificate")
    range_traces: int | None = Field(
        default=None, ge=1, description="traces per range of a large SEG-Y file, whose ranges go to different workers"
    )
    aliases: Path | None = Field(default=None, description="YAML file of additional mnemonics and units")
    settle_seconds: float = Field(default=2.0, ge=0.0, description="age in s at which an unchanged file is complete")
    batch: int = Field(default=32, ge=1, le=1000, description="files per scoring task")
    lease_seconds: float = Field(
        default=60.0, gt=0.0, description="time in s without a heartbeat after which a worker's claims expire"
    )
    file_seconds: float = Field(default=900.0, gt=0.0, description="time limit per file in s")
    memory_mb: int | None = Field(default=None, ge=256, description="memory limit of a scoring process in MiB")
    compare_with_shipped: bool = Field(
        default=True,
        description="without a champion, a version trained from nothing has to beat the bundle that comes with "
        "sondeflow, which scores otherwise",
    )
    progress: bool = Field(default=True, description="show a progress bar of trainings on a terminal")
    max_attempts: int = Field(
        default=3, ge=1, le=100, description="attempts at a file that fails with an unexpected error"
    )
    quarantine_limit: float = Field(
        default=0.2, ge=0.0, le=1.0, description="share of new files in quarantine above which an alarm is raised"
    )
    quarantine_minimum: int = Field(default=5, ge=1, description="minimum number of new files for that alarm")
    keep_results_days: float = Field(default=365.0, ge=0.0, description="days that superseded results are kept")
    keep_quarantine_days: float = Field(default=90.0, ge=0.0, description="days that copies in quarantine are kept")
    keep_cache_days: float = Field(default=60.0, ge=0.0, description="days that caches are kept without use")
    keep_checkpoints_days: float = Field(default=30.0, ge=0.0, description="days that checkpoints are kept unused")
    keep_runs_days: float = Field(default=14.0, ge=0.1, description="days that finished runs of Prefect are kept")
    keep_events_days: float = Field(default=3.0, ge=0.1, description="days that events of Prefect are kept")
    keep_deleted_days: float = Field(default=30.0, ge=0.0, description="days that deleted runs of MLflow are kept")
    log_mb: float = Field(default=20.0, gt=0.0, description="size in MB above which a log file is rotated")
    header_positions: Annotated[HeaderPositions | None, NoDecode] = Field(
        default=None, description="bytes of lines and coordinates in SEG-Y trace headers"
    )
    max_file_bytes: int = Field(default=DEFAULT_LIMITS.stored, ge=1, description="largest file read, in bytes")
    max_whole_bytes: int = Field(default=DEFAULT_LIMITS.whole, ge=1, description="largest SEG-Y read at once, in bytes")
    max_unpacked_bytes: int = Field(
        default=DEFAULT_LIMITS.unpacked, ge=1, description="largest content of a packed file, in bytes"
    )
    max_unpacked_ratio: float = Field(
        default=DEFAULT_LIMITS.growth, ge=1, description="largest ratio of content to packed size"
    )

    @field_validator("inbox", "outbox", mode="after")
    @classmethod
    def _folder_or_address(cls, value: Path | str) -> Path | str:
        text = str(value)
        refuse_login(text)
        path = local_path(text)
        return text.rstrip("/") if path is None else path.expanduser().resolve()

    @field_validator("home", "aliases", "dask_tls_ca", "dask_tls_cert", "dask_tls_key", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @field_validator("tracking_uri", mode="after")
    @classmethod
    def _with_login(cls, value: Address, info: ValidationInfo) -> Address:
        given: Path | None = info.data.get("tracking_password_file")
        home: Path | None = info.data.get("home")
        if value.credentials is not None or not value.is_http or home is None:
            return value
        own = _own_password(home)
        if given is None and not (value.host in LOCAL_NAMES and own.is_file()):
            return value
        try:
            return value.with_login((given or own).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ValueError(f"the password of MLflow's server cannot be read: {error}") from error

    @field_validator("header_positions", mode="before")
    @classmethod
    def _typed(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.lstrip().startswith("{") else parse_positions(value)
        except DataError as error:  # pydantic reports ValueErrors only
            raise ValueError(str(error)) from error

    @property
    def own_tracking_password(self) -> Path:
        """File with the `user:password` of the MLflow servers that this installation starts."""
        return _own_password(self.home)

    @property
    def has_registry(self) -> bool:
        """False if the tracking store is a SQLite file that nothing has made yet."""
        scheme, _, path = self.tracking_uri.reveal().partition(":///")
        return scheme != "sqlite" or Path(path).exists()

    @property
    def tracking_in_home(self) -> bool:
        """True if the tracking store is a SQLite file in the home folder, so that it moves with it."""
        scheme, _, path = self.tracking_uri.reveal().partition(":///")
        return scheme == "sqlite" and Path(path).resolve().is_relative_to(self.home)

    @property
    def limits(self) -> SizeLimits:
        """Sizes above which files are refused, or read block by block."""
        return SizeLimits(
            stored=self.max_file_bytes,
            whole=self.max_whole_bytes,
            unpacked=self.max_unpacked_bytes,
            growth=self.max_unpacked_ratio,
        )

    @property
    def inbox_folder(self) -> Path:
        """Folder of the inbox; if that is an address, a folder of the home, in which nothing lies."""
        return self.inbox if isinstance(self.inbox, Path) else self.home / "inbox"

    @property
    def outbox_folder(self) -> Path:
        """Folder of the outbox; if that is an address, a folder of the home, in which nothing lies."""
        return self.outbox if isinstance(self.outbox, Path) else self.home / "outbox"

    @property
    def refs_dir(self) -> Path:
        """Content-addressed recordings."""
        return self.home / "refs"

    @property
    def ingested_dir(self) -> Path:
        """Cached results of reading files, by the files' hashes."""
        return self.home / "ingested"

    @property
    def fetched_dir(self) -> Path:
        """Files fetched from URLs."""
        return self.home / "fetched"

    @property
    def arriving_dir(self) -> Path:
        """Local copies of files being scored: remote files, or files whose names are not text."""
        return self.home / "arriving"

    @property
    def fits_dir(self) -> Path:
        """Fitted contenders, by the hash of their inputs."""
        return self.home / "fits"

    @property
    def checkpoints_dir(self) -> Path:
        """Checkpoints of unfinished trainings, one file each, by the hash of their inputs."""
        return self.home / "checkpoints"

    @property
    def ranges_dir(self) -> Path:
        """Finished ranges of large lines that are being scored, a folder per line."""
        return self.home / "ranges"

    @property
    def studies_dir(self) -> Path:
        """Comparisons with tables, figures and bundles, by the hash of their inputs."""
        return self.home / "studies"

    @property
    def bundles_dir(self) -> Path:
        """Bundles downloaded from the registry."""
        return self.home / "bundles"

    @property
    def artifacts_dir(self) -> Path:
        """MLflow artifacts if the tracking store is a local database."""
        return self.home / "mlartifacts"

    @property
    def prefect_dir(self) -> Path:
        """Prefect's own files."""
        return self.home / "prefect"


def _own_password(home: Path) -> Path:
    return home / "mlflow-password"


def _sqlite(path: Path) -> Address:
    return Address(f"sqlite:///{path}")
