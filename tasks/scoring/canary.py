"""A small good file: if it cannot be scored either, the machine or a limit is at fault, and not the file before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aemodels.core.types import Channel, Recording, Source
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from tasks.scoring.request import Job

_CURVES = {
    "GR": ("gAPI", 75.0, 20.0),
    "RHOB": ("g/cm3", 2.4, 0.1),
    "NPHI": ("v/v", 0.2, 0.05),
    "DTC": ("us/ft", 85.0, 9.0),
}
_NOWHERE = Source("canary", "0" * 64)


def canary_job(job: Job, folder: Path) -> Job:
    """Return the job of scoring a small file of the same kind, with all of its files in `folder`.

    Raises:
        OSError: if it cannot be written.
    """
    path = write_canary(folder, "logs" if job.scorer is None else job.scorer.kind)
    changed = {"path": str(path), "source": path.name, "sha256": sha256_file(path), "outbox": str(folder / "out")}
    return job.model_copy(update={**changed, "temp_prefix": "canary", "part": None})


def write_canary(folder: Path, kind: str) -> Path:
    """Write a small good file of a kind ("logs" or "seismic") to a folder; return its path.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("canary.sgy" if kind == "seismic" else "canary.las")
    if kind == "seismic":
        write_segy(_line(), path)
    else:
        write_las(_well(), path)
    return path


def _well(samples: int = 200, step: float = 0.1524) -> Recording:
    rng = np.random.default_rng(0)
    slow = np.cumsum(rng.normal(size=(len(_CURVES), samples)), axis=1) / np.sqrt(samples)
    values = [mean + spread * row for (_, mean, spread), row in zip(_CURVES.values(), slow, strict=True)]
    return Recording(
        values=np.array(values, dtype=np.float32),
        axis=1000.0 + step * np.arange(samples, dtype=np.float64),
        channels=tuple(Channel(name, unit) for name, (unit, _, _) in _CURVES.items()),
        kind="logs",
        source=_NOWHERE,
        name="canary",
    )


def _line(traces: int = 24, samples: int = 200, step: float = 0.004) -> Recording:
    rng = np.random.default_rng(0)
    shared = np.convolve(rng.normal(size=samples), np.hanning(9), mode="same")
    return Recording(
        values=(shared + 0.1 * rng.normal(size=(traces, samples))).astype(np.float32),
        axis=step * np.arange(samples, dtype=np.float64),
        channels=tuple(Channel(f"trace {n}", "amplitude", {"trace": n}) for n in range(traces)),
        kind="seismic",
        source=_NOWHERE,
        name="canary",
    )
