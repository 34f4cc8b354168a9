"""Artifacts of a run: tables, figures, documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException

from tasks.settings import Settings
from tasks.tracking.store import connect

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def log_table(settings: Settings, run_id: str, name: str, table: pd.DataFrame) -> None:
    """Log a table twice: for the UI's table view, and as CSV for everything else."""
    client = connect(settings)
    client.log_table(run_id, table, artifact_file=f"tables/{name}.json")
    client.log_text(run_id, table.to_csv(index=False), f"tables/{name}.csv")


def log_document(settings: Settings, run_id: str, name: str, value: Mapping[str, Any]) -> None:
    """Log a JSON document."""
    log_text(settings, run_id, name, json.dumps(value, indent=2, default=str) + "\n")


def log_text(settings: Settings, run_id: str, name: str, text: str) -> None:
    """Log a text file."""
    connect(settings).log_text(run_id, text, name)


def log_figures(settings: Settings, run_id: str, figures: Mapping[str, Figure]) -> None:
    """Log figures as PNG under figures/<name>.png and release them."""
    client = connect(settings)
    for name, figure in figures.items():
        client.log_figure(run_id, figure, f"figures/{name}.png", save_kwargs={"dpi": 110})
        figure.clear()


def log_folder(settings: Settings, run_id: str, folder: Path, name: str) -> None:
    """Log the files of a folder under `name`."""
    connect(settings).log_artifacts(run_id, str(folder), name)


def read_table(settings: Settings, run_id: str, name: str) -> pd.DataFrame:
    """A table that `log_table` wrote.

    Raises:
        FileNotFoundError: if the run has none of that name.
    """
    import pandas as pd

    return pd.read_csv(StringIO(_read_text(settings, run_id, f"tables/{name}.csv")))


def read_document(settings: Settings, run_id: str, name: str) -> dict[str, Any]:
    """A JSON document that `log_document` wrote.

    Raises:
        FileNotFoundError: if the run has none of that name.
    """
    return dict(json.loads(_read_text(settings, run_id, name)))


def _read_text(settings: Settings, run_id: str, path: str) -> str:
    with TemporaryDirectory() as folder:
        try:
            return Path(connect(settings).download_artifacts(run_id, path, folder)).read_text(encoding="utf-8")
        except (MlflowException, OSError) as error:
            raise FileNotFoundError(f"run {run_id} has no readable artifact {path}: {error}") from error
