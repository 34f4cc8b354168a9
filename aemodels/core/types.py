"""Immutable values passed between reading, training and scoring."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding

FloatArray: TypeAlias = NDArray[np.float32]
AxisArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]

Kind: TypeAlias = Literal["logs", "seismic"]
GatherKind: TypeAlias = Literal["stacked", "pre-stack", "single"]
AXIS_UNITS: dict[str, str] = {"logs": "m", "seismic": "s"}


@dataclass(frozen=True)
class Source:
    """Origin of a recording: uri (path or URL) and sha256 of the file's bytes (64 hex digits)."""

    uri: str
    sha256: str

    @property
    def path(self) -> Path:
        return Path(self.uri)


@dataclass(frozen=True)
class Channel:
    """A curve or a trace.

    Args:
        name: canonical mnemonic (logs) or "trace <n>" (seismic, 0-based).
        unit: canonical unit of the values ("" if unknown; "amplitude" for seismic).
        headers: further header fields; logs: "mnemonic", "original_unit", "description";
            seismic: "trace", "inline", "crossline", "cdp_x", "cdp_y", "offset" (int or float).
    """

    name: str
    unit: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)


def frozen_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` itself, marked read-only."""
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Recording:
    """A well or a gather: channels sampled on one common axis.

    Args:
        values: float32[channel, sample], NaN = missing, never infinite.
        axis: float64[sample], strictly increasing: depth in m (logs) or two-way time in s (seismic).
        channels: one per row of values, names unique.
        kind: "logs" or "seismic".
        source: uri and sha256 of the file.
        name: the well's or the line's name.
        headers: other fields of the file's header.
        findings: findings of the reader.

    Raises:
        DataError: if shapes, dtypes, axis order or names are invalid.
    """

    values: FloatArray
    axis: AxisArray
    channels: tuple[Channel, ...]
    kind: Kind
    source: Source
    name: str
    headers: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        _check_matrix(self.values, rows=len(self.channels), columns=self.axis.size, label=self.source.uri)
        if self.kind not in AXIS_UNITS:
            raise DataError(f"{self.source.uri}: kind is {self.kind!r}; expected one of {sorted(AXIS_UNITS)}")
        if self.axis.dtype != np.float64 or self.axis.ndim != 1 or self.axis.size == 0:
            raise DataError(f"{self.source.uri}: axis is {self.axis.dtype}{self.axis.shape}; expected float64[sample]")
        if not np.isfinite(self.axis).all() or (np.diff(self.axis) <= 0).any():
            raise DataError(f"{self.source.uri}: axis is not strictly increasing; sort and deduplicate it first")
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise DataError(f"{self.source.uri}: channel names {names} repeat; make them unique")
        frozen_array(self.values)
        frozen_array(self.axis)

    @property
    def axis_unit(self) -> str:
        return AXIS_UNITS[self.kind]

    @property
    def line_range(self) -> LineRange | None:
        """Trace range within the file; None for a well, or if the traces are not consecutive."""
        numbers = [channel.headers.get("trace") for channel in self.channels]
        first = numbers[0] if numbers and self.kind == "seismic" else None
        if not isinstance(first, int) or numbers != list(range(first, first + len(numbers))):
            return None
        return LineRange(self.source.sha256, first, first + len(numbers))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.channels)

    def channel(self, name: str) -> FloatArray:
        """Return the values float32[sample] of the channel `name`.

        Raises:
            KeyError: if there is no such channel.
        """
        if name not in self.names:
            raise KeyError(f"{self.source.uri} has no channel {name!r}; it has {', '.join(self.names)}")
        row: FloatArray = self.values[self.names.index(name)]
        return row

    def with_values(self, values: FloatArray) -> Recording:
        """Return a copy with other values of the same shape."""
        return dataclasses.replace(self, values=values)

    def select(self, rows: slice, name: str | None = None) -> Recording:
        """Return a copy with the channels `rows` only (a trace range of a line)."""
        return dataclasses.replace(
            self, values=self.values[rows].copy(), channels=self.channels[rows], name=name or self.name
        )


@dataclass(frozen=True)
class LineRange:
    """A range of a line's traces.

    Args:
        line: sha256 of its file.
        first: first trace, 0-based.
        stop: exclusive end.
    """

    line: str
    first: int
    stop: int


@dataclass(frozen=True)
class LineNoise:
    """Estimated white noise of a whole line.

    Args:
        median: median over the traces of the noise standard deviation.
        power: mean over the live traces of the noise variance.
    """

    median: float
    power: float


@dataclass(frozen=True, eq=False)
class Section:
    """A normalised recording, the input of every denoiser and detector.

    Args:
        name: the well's or line section's name.
        values: float32[channel, sample] in normalised units, finite everywhere (gaps are filled).
        mask: bool[channel, sample], True = observed in the file.
        scale: float32[channel], physical units per normalised unit (for reports; `Normaliser.invert` converts back).
        noise: noise of the whole line if the section is a part of one; None = estimate it from the section.
        gather: gather type of the whole line (seismic); None if unknown.
        line_range: trace range within its line (seismic); None if unknown.
        bad_hole: bool[sample], depths (logs) at which caliper or density correction show bad hole, which are no
            examples of clean readings; None if the recording has neither, or if nothing is learned from the section.
        basin: of a well that lies elsewhere than the experiment's own wells; "" for its own wells and for lines.
        reviewed: float32[sample], what reviewers said of each depth: 1 = a fault, 0 = sound, NaN = nothing; None if the
            well was not reviewed.
    """

    name: str
    values: FloatArray
    mask: BoolArray
    scale: FloatArray
    noise: LineNoise | None = None
    gather: GatherKind | None = None
    line_range: LineRange | None = None
    bad_hole: BoolArray | None = None
    basin: str = ""
    reviewed: FloatArray | None = None

    def __post_init__(self) -> None:
        _check_matrix(self.values, rows=self.mask.shape[0], columns=self.mask.shape[1], label=self.name)
        if self.mask.dtype != np.bool_:
            raise DataError(f"{self.name}: mask is {self.mask.dtype}; expected bool")
        if not np.isfinite(self.values).all():
            raise DataError(f"{self.name}: normalised values are not finite everywhere; fill the gaps first")
        frozen_array(self.values)
        frozen_array(self.mask)

    @property
    def good_hole(self) -> BoolArray:
        """Depths or samples at which nothing shows bad hole, or reviewers contradict that: bool[sample]."""
        good = np.ones(self.mask.shape[1], dtype=np.bool_) if self.bad_hole is None else ~self.bad_hole
        if self.reviewed is None:
            return good
        return np.asarray((good | (self.reviewed < 0.5)) & ~(self.reviewed > 0.5))

    def with_values(self, values: FloatArray) -> Section:
        """Return a copy with other values of the same shape."""
        return dataclasses.replace(self, values=values)


@dataclass(frozen=True, eq=False)
class WindowSet:
    """Overlapping windows cut from a Section.

    Args:
        values: float32[window, sample, feature].
        mask: bool of the same shape, True = observed.
        origin: int64[window, 2]: first channel and first sample of the window in the section.
        shape: (channels, samples) of the section.
    """

    values: FloatArray
    mask: BoolArray
    origin: IntArray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.dtype != np.float32:
            found = f"{self.values.dtype}{self.values.shape}"
            raise DataError(f"windows are {found}; expected float32[window, sample, feature]")
        if self.mask.shape != self.values.shape or self.mask.dtype != np.bool_:
            raise DataError(f"window mask is {self.mask.dtype}{self.mask.shape}; expected bool{self.values.shape}")
        if self.origin.shape != (len(self.values), 2):
            raise DataError(f"window origin has shape {self.origin.shape}; expected {(len(self.values), 2)}")


@dataclass(frozen=True, eq=False)
class Scores:
    """Result of scoring: one row per depth sample (logs) or per trace (seismic).

    Args:
        kind: "logs" or "seismic".
        score: float32[row], higher = more anomalous, NaN if nothing was observed.
        threshold: the bundle's threshold; a row with score > threshold is anomalous.
        reason: one str per row, "" if not anomalous.
        channels: names of the canonical curves (logs) or traces (seismic) of the matrices below.
        raw: float32[channel, sample] in canonical units, NaN = missing.
        denoised: float32[channel, sample] in canonical units, NaN if the input is missing.
        channel_score: float32[channel, sample] (logs) or [channel, 1] (seismic), NaN if missing.
        features: name → float32[trace], the features that monitoring compares (seismic); empty for logs.
        suspect_threshold: the softer threshold of the hints for reviewers; None = the bundle has none.
        judged: bool[row], False where the bundle abstains; None = it never does. Rows that are not judged have a score
            only where a rule with exact evidence is violated.
        findings: what the bundle has to say of the recording as a whole, e.g. that no training well is like it.
    """

    kind: Kind
    score: FloatArray
    threshold: float
    reason: tuple[str, ...]
    channels: tuple[str, ...]
    raw: FloatArray
    denoised: FloatArray
    channel_score: FloatArray
    features: Mapping[str, FloatArray] = field(default_factory=dict)
    suspect_threshold: float | None = None
    judged: BoolArray | None = None
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        rows, samples = self.raw.shape
        expected_rows = samples if self.kind == "logs" else rows
        if self.score.shape != (expected_rows,) or len(self.reason) != expected_rows:
            raise DataError(f"{len(self.score)} scores, {len(self.reason)} reasons; expected {expected_rows} of each")
        _check_matrix(self.raw, rows=len(self.channels), columns=samples, label="raw")
        _check_matrix(self.denoised, rows=rows, columns=samples, label="denoised")
        columns = samples if self.kind == "logs" else 1
        _check_matrix(self.channel_score, rows=rows, columns=columns, label="channel_score")
        if self.judged is not None and (self.judged.shape != self.score.shape or self.judged.dtype != np.bool_):
            raise DataError(f"judged is {self.judged.dtype}{self.judged.shape}; expected bool{self.score.shape}")
        if not np.isfinite(self.threshold):
            raise DataError(f"threshold is {self.threshold}; expected a finite number")

    @property
    def is_anomaly(self) -> BoolArray:
        """bool[row], score > threshold; False for a row without a score."""
        return np.nan_to_num(self.score, nan=-np.inf) > self.threshold

    @property
    def is_suspect(self) -> BoolArray:
        """bool[row], score > the softer threshold: every anomalous row, and the hints for reviewers."""
        limit = self.threshold if self.suspect_threshold is None else min(self.suspect_threshold, self.threshold)
        return np.nan_to_num(self.score, nan=-np.inf) > limit

    @property
    def is_judged(self) -> BoolArray:
        """bool[row], False where the bundle abstains."""
        return np.ones(self.score.shape, dtype=np.bool_) if self.judged is None else self.judged

    @property
    def channel_flag(self) -> BoolArray:
        """Curves or traces above the threshold: bool of channel_score's shape."""
        return np.nan_to_num(self.channel_score, nan=-np.inf) > self.threshold


def _check_matrix(values: NDArray[Any], *, rows: int, columns: int, label: str) -> None:
    if values.dtype != np.float32 or values.shape != (rows, columns):
        raise DataError(f"{label}: values are {values.dtype}{values.shape}; expected float32{(rows, columns)}")
    if np.isinf(values).any():
        raise DataError(f"{label}: values are infinite; set them to NaN (missing)")
