"""Cut the sample from public data: python data/sample/make_sample.py FOLDER, which holds force2020/, wells/, segy/."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lasio
import numpy as np

from aemodels.core.types import Recording
from aemodels.faults import inject
from aemodels.io import read
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from aemodels.synthetic.field import FAULTS, describe_event

HERE = Path(__file__).parent
SEED = 20
ROWS, CURVES = 4000, ("CALI", "BS", "RDEP", "DTC", "NPHI", "GR", "RHOB")
TRAINING = ("16_5-3", "25_8-7", "31_2-7", "31_3-2", "32_2-1", "34_7-13")
TRAIN_TRACES, ARRIVING_TRACES, TIMES = range(240), range(300, 380), slice(0, 750)


def main(source: Path) -> None:
    """Write wells/, seismic/, arrivals/ and truth/ beside this file."""
    for folder in ("wells", "seismic", "arrivals", "truth"):
        (HERE / folder).mkdir(exist_ok=True)
    for name in TRAINING:
        cut_well(source / "force2020" / f"{name}.las", HERE / "wells" / f"{name}.las")
    cut_well(source / "force2020" / "31_2-10.las", HERE / "arrivals" / "31_2-10.las")
    cut_well(source / "wells" / "alaska_npra" / "Koluktak1.las", HERE / "arrivals" / "Koluktak1.las", all_curves=True)
    teapot = source / "wells" / "wyoming_teapot_dome" / "us49025106110000_0_00028h489546.las"
    (HERE / "arrivals" / "teapot_55-14.las").write_bytes(teapot.read_bytes())
    line = read(source / "segy" / "usgs_alaska_31-81.sgy")
    write_segy(part(line, TRAIN_TRACES, TIMES), HERE / "seismic" / "alaska_31-81.sgy")
    rng = np.random.default_rng(SEED)
    truth = [
        faulty(read(source / "force2020" / "16_2-16.las"), "16_2-16_faulty.las", 0.13, rng),
        faulty(part(line, ARRIVING_TRACES, TIMES), "alaska_31-81_faulty.sgy", 0.15, rng),
    ]
    (HERE / "truth" / "truth.json").write_text(json.dumps({"files": truth}, indent=1) + "\n", encoding="utf-8")


def cut_well(source: Path, target: Path, *, all_curves: bool = False) -> None:
    """Write the 4,000 rows with the most readings, under their own header; without derived curves."""
    las = lasio.read(source)
    for curve in list(las.curves)[1:]:
        if not all_curves and curve.mnemonic not in CURVES:
            las.delete_curve(curve.mnemonic)
    las.set_data(las.data[best_rows(las.data[:, 1:].T)], truncate=False)
    with target.open("w", encoding="ascii", errors="replace", newline="\n") as stream:
        las.write(stream, version=2.0, fmt="%.5g", column_fmt={0: "%.4f"}, len_numeric_field=-1)


def best_rows(values: np.ndarray[Any, Any]) -> slice:
    """Return the 4,000 rows (or all) with the most readings of curves [curve, row]."""
    total = np.concatenate([[0], np.cumsum(np.isfinite(values).sum(axis=0))])
    rows = min(ROWS, values.shape[1])
    first = int(np.argmax(total[rows:] - total[:-rows]))
    return slice(first, first + rows)


def part(recording: Recording, rows: Sequence[int], samples: slice) -> Recording:
    """Return some curves or traces of a recording, in a range of depths or times."""
    return dataclasses.replace(
        recording,
        values=recording.values[list(rows), samples].copy(),
        axis=recording.axis[samples],
        channels=tuple(recording.channels[row] for row in rows),
    )


def faulty(recording: Recording, name: str, fraction: float, rng: np.random.Generator) -> dict[str, Any]:
    """Write a recording with injected faults, and return its entry of the truth file."""
    if recording.kind == "logs":
        rows = [recording.names.index(curve) for curve in CURVES if curve in recording.names]
        recording = part(recording, rows, best_rows(recording.values[rows]))
    injection = inject(recording, FAULTS[recording.kind], fraction=fraction, rng=rng)
    path = HERE / "arrivals" / name
    write = write_las if recording.kind == "logs" else write_segy
    write(injection.recording, path)
    return {
        "file": f"arrivals/{name}",
        "kind": recording.kind,
        "sha256": sha256_file(path),
        "events": [describe_event(event, recording) for event in injection.events],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
