"""Search for similar intervals: read wells, normalise them as the bundle does, compare embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError, SondeflowError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Recording, Section
from aemodels.curves.canonical import CANONICAL
from aemodels.io.formats import formats_of
from aemodels.latent.choose_encoder import choose_encoder
from aemodels.latent.similar_intervals import MIN_OBSERVED, QueryInterval, SimilarityResult, find_similar
from aemodels.signal.quality_rules import assess
from aemodels.signal.resample import median_step, resample
from aemodels.signal.wells import plain_name
from tasks.ingest.supervised_read import Read, reading_files
from tasks.search.wells import log_files, logs_bundle
from tasks.settings import Settings

if TYPE_CHECKING:
    from aemodels.report.figures.similar_intervals import Strip

MIN_SAMPLES = 4


class IntervalError(SondeflowError):
    """The interval is not within the logged depths of the well."""


class SimilarRequest(BaseModel):
    """Request for intervals similar to a given one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path = Field(description="well log file with the interval")
    start: float = Field(description="top of the interval, in the file's depth unit")
    stop: float = Field(description="bottom of the interval, in the same unit")
    data: tuple[Path, ...] = Field(default=(), description="further files and folders to search")
    bundle: str | None = Field(default=None, description="a models:/ URI or a folder; None = the champion")
    encoder: str | None = Field(
        default=None, description="contender whose embeddings are compared; None = see `choose_encoder`"
    )
    picture: Path | None = Field(default=None, description="PNG file for a figure of the interval and those found")
    top: int = Field(default=10, ge=1, le=1000, description="maximum number of intervals")


class SimilarRow(BaseModel):
    """A similar interval; depths in the unit of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    file: str
    well: str
    start: float = Field(serialization_alias="from")
    stop: float = Field(serialization_alias="to")
    unit: str
    distance: float
    relative: float = Field(description="distance / median distance over all positions; 0 = identical, 1 = typical")
    curves: tuple[str, ...] = Field(description="curves that were compared")


class SimilarResult(BaseModel):
    """Intervals found, the encoder used, and findings on files that could not be searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str
    encoder: str
    kind: str
    wells: int
    rows: tuple[SimilarRow, ...]
    findings: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, eq=False)
class Well:
    """A well resampled to the step of the search, and its normalised section."""

    recording: Recording
    section: Section

    @property
    def factor(self) -> float:
        """Metres per unit of the file's depths."""
        return float(self.recording.headers.get("depth_factor", 1.0))

    @property
    def unit(self) -> str:
        return str(self.recording.headers.get("depth_unit", "") or "m")


def find_intervals(request: SimilarRequest, settings: Settings) -> SimilarResult:
    """Find intervals similar to one in a well.

    Raises:
        UnreadableFileError: if the file cannot be read.
        IntervalError: if the interval is not within the well.
        DataError: if the file holds no logs, or none of the bundle's curves in the interval.
        NoModelError, BundleError: if there is no such model, or the bundle is damaged.
    """
    with reading_files(settings) as read:
        own = _read_well(request.file, read)
        _check_interval(request, own)
        label, bundle = logs_bundle(request.bundle, settings)
        name, model = choose_encoder(bundle, request.encoder)
        recordings, findings = _others(request, own, read)
    kind = str(model.spec.model_dump()["kind"])
    step = median_step(own.axis)
    query = _well(bundle, own, step)
    interval = _interval(request, query)
    usable = [recording for recording in recordings if set(bundle.curves) & set(recording.names)]
    wells = [query, *(_well(bundle, recording, step) for recording in usable)]
    search = find_similar(model, interval, [(w.section, _excluded(w, query, interval)) for w in wells], top=request.top)
    lacking = [recording for recording in recordings if not set(bundle.curves) & set(recording.names)]
    lacking += [well.recording for well, kept in zip(wells, search.compared, strict=True) if not kept]
    findings += [(recording.source.uri, _lacking(recording, interval, bundle)) for recording in lacking]
    rows = _rows(search, wells, bundle.curves)
    if request.picture is not None:
        _draw(request.picture, interval, search, wells, bundle.curves)
    return SimilarResult(
        bundle=label,
        encoder=name,
        kind=kind,
        wells=sum(bool(kept) for kept in search.compared),
        rows=rows,
        findings=tuple(findings),
    )


def _read_well(path: Path, read: Read) -> Recording:
    recording = read(path)
    if recording.kind != "logs":
        raise DataError(
            f"{path} is a {recording.kind} file; intervals are compared in well logs; give a {formats_of('logs')} file"
        )
    return recording


def _check_interval(request: SimilarRequest, own: Recording) -> None:
    """Raise an IntervalError if the interval is not within the well."""
    factor, unit = float(own.headers.get("depth_factor", 1.0)), own.headers.get("depth_unit", "") or "m"
    low, high = own.axis[0] / factor, own.axis[-1] / factor
    asked = f"{request.start:g} to {request.stop:g} {unit}"
    if not low - 1e-6 <= request.start < request.stop <= high + 1e-6:
        raise IntervalError(
            f"{request.file}: the interval {asked} is not in the well, which was logged from {low:.2f} to {high:.2f} "
            f"{unit}; give --from and --to between these, the smaller first"
        )
    inside = (own.axis >= request.start * factor) & (own.axis <= request.stop * factor)
    if inside.sum() < MIN_SAMPLES:
        raise IntervalError(
            f"{request.file}: the interval {asked} holds {int(inside.sum())} samples; expected at least "
            f"{MIN_SAMPLES}; make it thicker than {MIN_SAMPLES * median_step(own.axis) / factor:.2f} {unit}"
        )


def _well(bundle: Bundle, recording: Recording, step: float) -> Well:
    even = resample(recording, step)
    return Well(even, bundle.section(even, assess(even)))


def _interval(request: SimilarRequest, query: Well) -> QueryInterval:
    axis, factor = query.recording.axis, query.factor
    start = int(np.searchsorted(axis, request.start * factor - 1e-6))
    stop = int(np.searchsorted(axis, request.stop * factor + 1e-6, side="right"))
    interval = QueryInterval(query.section, start, stop)
    if not interval.channels:
        raise DataError(
            f"{request.file}: no curve that the bundle knows is observed in {MIN_OBSERVED:.0%} of {request.start:g} "
            f"to {request.stop:g} {query.unit}; choose an interval that was logged"
        )
    return interval


def _others(request: SimilarRequest, own: Recording, read: Read) -> tuple[list[Recording], list[tuple[str, Finding]]]:
    """Return the wells of the given files, each content once, and a finding per unreadable file."""
    seen, wells, findings = {own.source.sha256}, [], []
    for path, problem in log_files(request.data):
        if problem is not None:
            findings.append((str(path), problem))
            continue
        try:
            recording = _read_well(path, read)
        except UnreadableFileError as error:
            findings += [(str(path), finding) for finding in error.findings]
            continue
        if recording.source.sha256 not in seen:
            seen.add(recording.source.sha256)
            wells.append(recording)
    return wells, findings


def _excluded(well: Well, query: Well, interval: QueryInterval) -> BoolArray:
    """Return True for the samples of the interval itself, in its own file or in another one of the same well."""
    one, other = well.recording, query.recording
    if one.source.sha256 != other.source.sha256 and plain_name(one.name) != plain_name(other.name):
        return np.zeros(one.axis.size, dtype=np.bool_)
    low, high = other.axis[interval.start], other.axis[interval.stop - 1]
    return np.asarray((one.axis >= low) & (one.axis <= high), dtype=np.bool_)


def _lacking(recording: Recording, interval: QueryInterval, bundle: Bundle) -> Finding:
    wanted = [bundle.curves[channel] for channel in interval.channels]
    there = [curve for curve in recording.names if curve in CANONICAL]
    return Finding(
        "info",
        "few-curves",
        recording.name,
        f"curves {', '.join(there) or 'of none of the usual names'}",
        f"at least half of {', '.join(wanted)}, which the interval has",
        "none needed; the well is skipped",
    )


def _rows(search: SimilarityResult, wells: Sequence[Well], curves: Sequence[str]) -> tuple[SimilarRow, ...]:
    rows = []
    for match in search.matches:
        well = wells[match.well]
        axis = well.recording.axis / well.factor
        rows.append(
            SimilarRow(
                file=well.recording.source.uri,
                well=well.recording.name,
                start=round(float(axis[match.start]), 4),
                stop=round(float(axis[match.stop - 1]), 4),
                unit=well.unit,
                distance=round(match.distance, 5),
                relative=round(match.distance / max(search.median_distance, 1e-12), 4),
                curves=tuple(curves[channel] for channel in search.compared[match.well]),
            )
        )
    return tuple(rows)


def _draw(
    path: Path, interval: QueryInterval, search: SimilarityResult, wells: Sequence[Well], curves: Sequence[str]
) -> None:
    """Draw the interval, which is in the first well, and the nearest ones found."""
    from aemodels.report.figures.similar_intervals import similar_strips

    strips = [_strip(wells[0], interval.start, interval.stop, "")]
    strips += [_strip(wells[one.well], one.start, one.stop, f"\n{one.distance:.3g}") for one in search.matches]
    path.parent.mkdir(parents=True, exist_ok=True)
    similar_strips(strips, curves, title="Similar intervals, nearest first: well and distance").savefig(path)


def _strip(well: Well, start: int, stop: int, note: str) -> Strip:
    from aemodels.report.figures.similar_intervals import Strip

    section, here = well.section, slice(start, stop)
    values = np.where(section.mask[:, here], section.values[:, here], np.nan).astype(np.float32)
    depth = well.recording.axis[here] / well.factor
    return Strip(f"{well.recording.name[:18]}{note}", depth, well.unit, values)
