"""Artifacts of a run: tables, figures, documents."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException

from tasks.settings import Settings
from tasks.tracking.send import send
from tasks.tracking.spool import OPEN, Record, record_of, waiting_file
from tasks.tracking.store import connect

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

EVIDENCE = "evidence.json"  # document of a run: the data and results that the promotion gate asks for


def log_table(settings: Settings, run_id: str, name: str, table: pd.DataFrame) -> None:
    """Log a table as JSON for the table view of the UI, and as CSV."""
    path = f"tables/{name}.json"
    with _added(settings, run_id) as record:
        record.file_path(path).write_text(
            table.to_json(orient="split", index=False, date_format="iso"), encoding="utf-8"
        )
        record.file_path(f"tables/{name}.csv").write_text(table.to_csv(index=False), encoding="utf-8")
        record.change(tables=sorted({*record.head.tables, path}))


def log_document(settings: Settings, run_id: str, name: str, value: Mapping[str, Any]) -> None:
    """Log a JSON document."""
    log_text(settings, run_id, name, json.dumps(value, indent=2, default=str) + "\n")


def log_text(settings: Settings, run_id: str, name: str, text: str) -> None:
    """Log a text file."""
    with _added(settings, run_id) as record:
        record.file_path(name).write_text(text, encoding="utf-8")


def log_figures(settings: Settings, run_id: str, figures: Mapping[str, Figure]) -> None:
    """Log figures as PNG under figures/<name>.png and release them."""
    with _added(settings, run_id) as record:
        for name, figure in figures.items():
            figure.savefig(record.file_path(f"figures/{name}.png"), dpi=110)
            figure.clear()


def log_folder(settings: Settings, run_id: str, folder: Path, name: str) -> None:
    """Log the files of a folder under `name`."""
    with _added(settings, run_id) as record:
        shutil.copytree(folder, record.file_path(name), dirs_exist_ok=True)


@contextmanager
def _added(settings: Settings, run_id: str) -> Iterator[Record]:
    """Add files to a run's record; the record of an ended run is sent at once."""
    record = record_of(settings, run_id)
    with record.locked():
        yield record
    if record.head.status != OPEN:
        send(settings, record)


def read_table(settings: Settings, run_id: str, name: str) -> pd.DataFrame:
    """Read a table written by `log_table`.

    Raises:
        FileNotFoundError: if the run has none of that name.
    """
    import pandas as pd

    return pd.read_csv(StringIO(_read_text(settings, run_id, f"tables/{name}.csv")))


def read_document(settings: Settings, run_id: str, name: str) -> dict[str, Any]:
    """Read a JSON document written by `log_document`.

    Raises:
        FileNotFoundError: if the run has none of that name.
    """
    return dict(json.loads(_read_text(settings, run_id, name)))


def _read_text(settings: Settings, run_id: str, path: str) -> str:
    if (waiting := waiting_file(settings, run_id, path)) is not None:
        return waiting.read_text(encoding="utf-8")
    with TemporaryDirectory() as folder:
        try:
            return Path(connect(settings).download_artifacts(run_id, path, folder)).read_text(encoding="utf-8")
        except (MlflowException, OSError) as error:
            raise FileNotFoundError(f"run {run_id} has no readable artifact {path}: {error}") from error
