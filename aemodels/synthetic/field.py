"""Files of a synthetic field: wells and a line for training, newly arriving files with faults, and the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.core.types import Recording
from aemodels.faults import (
    CycleSkip,
    Dead,
    DepthShift,
    FaultEvent,
    LogSpike,
    Noisy,
    Reversed,
    StaticShift,
    Stuck,
    TraceSpikes,
    Unit,
    Washout,
    inject,
)
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from aemodels.synthetic.earth import Earth, build_earth
from aemodels.synthetic.line import grid_position, map_position, shoot_line
from aemodels.synthetic.spec import FieldSpec
from aemodels.synthetic.wells import WellLocation, log_well

NEW_LINE_NORTH_M = 2000.0  # the arriving line runs parallel to the first one
FAULTS = {
    "logs": (Washout(), CycleSkip(), Stuck(), LogSpike(), DepthShift(), Unit()),
    "seismic": (Dead(), Reversed(), TraceSpikes(), StaticShift(), Noisy()),
}


class _Stream(IntEnum):
    """Independent random streams of one seed, so that an additional well does not change any other file."""

    EARTH = 0
    WELLS = 1
    ARRIVALS = 2
    LINES = 3
    FAULTS = 4


@dataclass(frozen=True)
class FieldManifest:
    """Files of a synthetic field; all paths are below `directory`.

    Args:
        directory: the folder written to.
        wells: clean LAS files for training.
        line: the clean SEG-Y line for training.
        arrivals: newly arriving files: LAS files and one SEG-Y file with injected faults.
        clean: the same files without the faults, in the same order.
        truth: JSON file that lists the injected faults of every arrival.
    """

    directory: Path
    wells: tuple[Path, ...]
    line: Path
    arrivals: tuple[Path, ...]
    clean: tuple[Path, ...]
    truth: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file written."""
        return (*self.wells, self.line, *self.arrivals, *self.clean, self.truth)


def sample_field(directory: Path, spec: FieldSpec, *, seed: int) -> FieldManifest:
    """Write a synthetic field as LAS and SEG-Y files.

    The same specification and seed give byte-identical files.

    Args:
        directory: folder to write to, created if absent; files of an earlier run are overwritten, others are kept.
        spec: of the field.
        seed: root seed of all random numbers, not negative.

    Returns:
        The files written: `wells/*.las`, `seismic/line.sgy`, `arrivals/*`, `truth/clean/*` and `truth/truth.json`.
    """
    earth = build_earth(spec, _rng(seed, _Stream.EARTH))
    for folder in ("wells", "seismic", "arrivals", "truth/clean"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    locations = well_locations(spec, _rng(seed, _Stream.WELLS))
    recordings = [log_well(earth, location, _rng(seed, _Stream.WELLS, n)) for n, location in enumerate(locations)]
    wells = tuple(_write(well, directory / "wells" / f"{well.name}.las") for well in recordings)
    line = _write(shoot_line(earth, "line", 0.0, _rng(seed, _Stream.LINES, 0)), directory / "seismic" / "line.sgy")
    arriving = arrival_locations(spec, _rng(seed, _Stream.ARRIVALS))
    pairs = [
        _write_arrival(directory, recording, spec, _rng(seed, _Stream.FAULTS, n))
        for n, recording in enumerate(_arriving(earth, arriving, seed))
    ]
    truth = directory / "truth" / "truth.json"
    _write_truth(truth, seed, locations + arriving, [entry for _, entry in pairs])
    return FieldManifest(
        directory=directory,
        wells=wells,
        line=line,
        arrivals=tuple(path for path, _ in pairs),
        clean=tuple(directory / entry["clean"] for _, entry in pairs),
        truth=truth,
    )


def well_locations(spec: FieldSpec, rng: np.random.Generator) -> tuple[WellLocation, ...]:
    """Place training wells along the first line, every third one up to 900 m off it, each in the middle of a bin."""
    length = spec.line.traces * spec.line.spacing_m
    easts = length * (0.04 + 0.92 * (np.arange(spec.wells) + rng.uniform(0.2, 0.8, spec.wells)) / spec.wells)
    norths = np.where(np.arange(spec.wells) % 3 == 2, rng.uniform(-900.0, 900.0, spec.wells), 0.0)
    return _locations("well", easts, norths, spec)


def arrival_locations(spec: FieldSpec, rng: np.random.Generator) -> tuple[WellLocation, ...]:
    """Place arriving wells alternately on the new line and half-way between the lines."""
    length = spec.line.traces * spec.line.spacing_m
    easts = length * (0.1 + 0.8 * (np.arange(spec.arrivals) + rng.uniform(0.2, 0.8, spec.arrivals)) / spec.arrivals)
    norths = np.where(np.arange(spec.arrivals) % 2 == 0, NEW_LINE_NORTH_M, 0.5 * NEW_LINE_NORTH_M)
    return _locations("new-well", easts, norths, spec)


def _locations(
    prefix: str, easts: Iterable[float], norths: Iterable[float], spec: FieldSpec
) -> tuple[WellLocation, ...]:
    spacing = spec.line.spacing_m
    locations = []
    for number, (east, north) in enumerate(zip(easts, norths, strict=True), start=1):
        snapped = spacing * round(east / spacing), spacing * round(north / spacing)
        name = f"{prefix}-{number:02d}"
        locations.append(WellLocation(name, *snapped, *grid_position(*snapped, spacing), *map_position(*snapped)))
    return tuple(locations)


def _arriving(earth: Earth, locations: tuple[WellLocation, ...], seed: int) -> Iterable[Recording]:
    for number, location in enumerate(locations):
        yield log_well(earth, location, _rng(seed, _Stream.ARRIVALS, number))
    yield shoot_line(earth, "new-line", NEW_LINE_NORTH_M, _rng(seed, _Stream.LINES, 1))


def _write_arrival(
    directory: Path, clean: Recording, spec: FieldSpec, rng: np.random.Generator
) -> tuple[Path, dict[str, Any]]:
    """Write a recording with faults and its clean copy, and return the entry of the truth file."""
    fraction = spec.log_fault_fraction if clean.kind == "logs" else spec.trace_fault_fraction
    injection = inject(clean, FAULTS[clean.kind], fraction=fraction, rng=rng)
    faulty = injection.recording
    if clean.kind == "logs":  # as many digits as the other values, so that faults cannot be recognised by them
        faulty = faulty.with_values(np.round(faulty.values, 4))
    name = f"{clean.name}{'.las' if clean.kind == 'logs' else '.sgy'}"
    path = _write(faulty, directory / "arrivals" / name)
    _write(clean, directory / "truth" / "clean" / name)
    return path, {
        "file": f"arrivals/{name}",
        "sha256": sha256_file(path),
        "clean": f"truth/clean/{name}",
        "kind": clean.kind,
        "events": [describe_event(event, clean) for event in injection.events],
    }


def describe_event(event: FaultEvent, recording: Recording) -> dict[str, Any]:
    """Describe an event for the truth file: first and last depth [m] or time [s], curves or trace numbers."""
    where: dict[str, Any] = {"curves": list(event.channels)}
    if recording.kind == "seismic":
        where = {"traces": [recording.names.index(name) for name in event.channels]}
    top, base = recording.axis[event.start], recording.axis[event.stop - 1]
    return {"kind": event.kind, **where, "top": float(top), "base": float(base)}


def _write_truth(path: Path, seed: int, locations: tuple[WellLocation, ...], files: list[dict[str, Any]]) -> None:
    keys = ("inline", "crossline", "cdp_x", "cdp_y")
    wells = {location.name: {key: getattr(location, key) for key in keys} for location in locations}
    text = json.dumps({"schema": 1, "seed": seed, "wells": wells, "files": files}, indent=1)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _write(recording: Recording, path: Path) -> Path:
    if recording.kind == "logs":
        write_las(recording, path)
    else:
        write_segy(recording, path)
    return path


def _rng(seed: int, stream: _Stream, number: int = 1000) -> np.random.Generator:
    """Return the generator of one file or, by default, of the layout of a stream."""
    return np.random.default_rng([seed, int(stream), number])
