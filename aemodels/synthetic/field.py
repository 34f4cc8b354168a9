"""Writing a synthetic field: wells and a line to train on, newly arriving files with faults, and the truth."""

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
    """Independent random streams of one seed, so that a further well alters no other file."""

    EARTH = 0
    WELLS = 1
    ARRIVALS = 2
    LINES = 3
    FAULTS = 4


@dataclass(frozen=True)
class FieldManifest:
    """Files of a synthetic field; all paths lie below `directory`.

    Args:
        directory: the folder written to.
        wells: clean LAS files to train on.
        line: the clean SEG-Y line to train on.
        arrivals: LAS files and one SEG-Y file with injected faults, as if they had newly arrived.
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

    The same specification and seed give byte-identical files, wherever and however often they are written.

    Args:
        directory: folder to write to, made if absent; files of an earlier run are overwritten, others left alone.
        spec: what to write.
        seed: the root of all randomness, not negative.

    Returns:
        The files written: `wells/*.las`, `seismic/line.sgy`, `arrivals/*`, `truth/clean/*` and `truth/truth.json`.
    """
    earth = build_earth(spec, _rng(seed, _Stream.EARTH))
    for folder in ("wells", "seismic", "arrivals", "truth/clean"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    places = well_locations(spec, _rng(seed, _Stream.WELLS))
    recordings = [log_well(earth, place, _rng(seed, _Stream.WELLS, n)) for n, place in enumerate(places)]
    wells = tuple(_write(well, directory / "wells" / f"{well.name}.las") for well in recordings)
    line = _write(shoot_line(earth, "line", 0.0, _rng(seed, _Stream.LINES, 0)), directory / "seismic" / "line.sgy")
    arriving = arrival_locations(spec, _rng(seed, _Stream.ARRIVALS))
    pairs = [
        _write_arrival(directory, recording, spec, _rng(seed, _Stream.FAULTS, n))
        for n, recording in enumerate(_arriving(earth, arriving, seed))
    ]
    truth = directory / "truth" / "truth.json"
    _write_truth(truth, seed, places + arriving, [entry for _, entry in pairs])
    return FieldManifest(
        directory=directory,
        wells=wells,
        line=line,
        arrivals=tuple(path for path, _ in pairs),
        clean=tuple(directory / entry["clean"] for _, entry in pairs),
        truth=truth,
    )


def well_locations(spec: FieldSpec, rng: np.random.Generator) -> tuple[WellLocation, ...]:
    """Training wells along the first line, every third one up to 900 m beside it, each in the middle of a bin."""
    length = spec.line.traces * spec.line.spacing_m
    easts = length * (0.04 + 0.92 * (np.arange(spec.wells) + rng.uniform(0.2, 0.8, spec.wells)) / spec.wells)
    norths = np.where(np.arange(spec.wells) % 3 == 2, rng.uniform(-900.0, 900.0, spec.wells), 0.0)
    return _places("well", easts, norths, spec)


def arrival_locations(spec: FieldSpec, rng: np.random.Generator) -> tuple[WellLocation, ...]:
    """Arriving wells: in turn on the new line and half-way between the lines."""
    length = spec.line.traces * spec.line.spacing_m
    easts = length * (0.1 + 0.8 * (np.arange(spec.arrivals) + rng.uniform(0.2, 0.8, spec.arrivals)) / spec.arrivals)
    norths = np.where(np.arange(spec.arrivals) % 2 == 0, NEW_LINE_NORTH_M, 0.5 * NEW_LINE_NORTH_M)
    return _places("new-well", easts, norths, spec)


def _places(prefix: str, easts: Iterable[float], norths: Iterable[float], spec: FieldSpec) -> tuple[WellLocation, ...]:
    spacing = spec.line.spacing_m
    places = []
    for number, (east, north) in enumerate(zip(easts, norths, strict=True), start=1):
        snapped = spacing * round(east / spacing), spacing * round(north / spacing)
        name = f"{prefix}-{number:02d}"
        places.append(WellLocation(name, *snapped, *grid_position(*snapped, spacing), *map_position(*snapped)))
    return tuple(places)


def _arriving(earth: Earth, places: tuple[WellLocation, ...], seed: int) -> Iterable[Recording]:
    for number, place in enumerate(places):
        yield log_well(earth, place, _rng(seed, _Stream.ARRIVALS, number))
    yield shoot_line(earth, "new-line", NEW_LINE_NORTH_M, _rng(seed, _Stream.LINES, 1))


def _write_arrival(
    directory: Path, clean: Recording, spec: FieldSpec, rng: np.random.Generator
) -> tuple[Path, dict[str, Any]]:
    """Write a recording with faults, its clean copy, and describe both for the truth file."""
    fraction = spec.log_fault_fraction if clean.kind == "logs" else spec.trace_fault_fraction
    injection = inject(clean, FAULTS[clean.kind], fraction=fraction, rng=rng)
    faulty = injection.recording
    if clean.kind == "logs":  # as many digits as elsewhere in the file, or the digits would give the faults away
        faulty = faulty.with_values(np.round(faulty.values, 4))
    name = f"{clean.name}{'.las' if clean.kind == 'logs' else '.sgy'}"
    path = _write(faulty, directory / "arrivals" / name)
    _write(clean, directory / "truth" / "clean" / name)
    return path, {
        "file": f"arrivals/{name}",
        "sha256": sha256_file(path),
        "clean": f"truth/clean/{name}",
        "kind": clean.kind,
        "events": [_describe(event, clean) for event in injection.events],
    }


def _describe(event: FaultEvent, recording: Recording) -> dict[str, Any]:
    """Return an event for the truth file: depths [m] or times [s] of its ends, curves or trace numbers."""
    where: dict[str, Any] = {"curves": list(event.channels)}
    if recording.kind == "seismic":
        where = {"traces": [recording.names.index(name) for name in event.channels]}
    top, base = recording.axis[event.start], recording.axis[event.stop - 1]
    return {"kind": event.kind, **where, "top": float(top), "base": float(base)}


def _write_truth(path: Path, seed: int, places: tuple[WellLocation, ...], files: list[dict[str, Any]]) -> None:
    wells = {
        place.name: {"inline": place.inline, "crossline": place.crossline, "cdp_x": place.cdp_x, "cdp_y": place.cdp_y}
        for place in places
    }
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
    """Return the generator of one file or, by default, of a stream's own layout."""
    return np.random.default_rng([seed, int(stream), number])
