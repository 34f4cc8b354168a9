"""Injection of faults into a recording, with equal counts per kind and a label for every altered sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.errors import DataError, SpecError
from aemodels.core.types import BoolArray, FloatArray, IntArray, Recording, frozen_array
from aemodels.faults.base import FaultBase, Site, Target, kind_of

MIN_OBSERVED_SHARE = 0.9  # of the required samples of an event
GUARD_SAMPLES = 5  # unaltered samples between two events in a well, which separate them
MAX_TRIES = 8  # locations tried if an event changes nothing (a stuck curve on a constant interval)


@dataclass(frozen=True)
class FaultEvent:
    """One injected fault: its kind, the names of the altered channels, and samples start .. stop (exclusive)."""

    kind: str
    channels: tuple[str, ...]
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Injection:
    """A recording with faults.

    Args:
        recording: the faulty recording; samples missing in the clean one are missing here.
        label: bool[channel, sample], True where the value differs from the clean recording.
        events: injected events, in order of injection.
    """

    recording: Recording
    label: BoolArray
    events: tuple[FaultEvent, ...]


def row_label(injection: Injection) -> BoolArray:
    """Return the depth samples (logs) or traces (seismic) with any altered value: bool[row]."""
    return label_rows(injection.label, injection.recording)


def label_rows(label: BoolArray, recording: Recording) -> BoolArray:
    """Reduce bool[channel, sample] to rows of scores: depth samples for logs, traces for seismic."""
    return np.asarray(label.any(axis=0 if recording.kind == "logs" else 1))


def inject(recording: Recording, specs: Sequence[FaultBase], *, fraction: float, rng: np.random.Generator) -> Injection:
    """Inject faults until `fraction` of the rows is faulty.

    The kinds are injected in rounds of random order, so that their numbers of events differ by at most one as long as
    there is room. Events do not overlap, and lie where their required curves are observed. If there is no room left,
    the recording has fewer faults than requested.

    Args:
        recording: the clean recording, in canonical units (logs) or amplitudes (seismic); it is not changed.
        specs: the fault kinds; those that do not apply to the recording are skipped.
        fraction: share of faulty rows, 0 .. 0.9; the last event may exceed it.
        rng: random generator.

    Returns:
        Faulty recording, label and events.

    Raises:
        SpecError: if fraction is out of range, no kind applies to the recording, or none finds room.
    """
    if not 0.0 <= fraction <= 0.9:
        raise SpecError(f"fraction of faulty rows is {fraction}; expected 0 .. 0.9")
    candidates = [_Candidate(spec, targets) for spec in specs if (targets := spec.targets(recording))]
    if not candidates:
        kinds = ", ".join(kind_of(spec) for spec in specs) or "none"
        raise SpecError(
            f"{recording.source.uri}: no fault kind ({kinds}) applies to {recording.kind} with channels "
            f"{', '.join(recording.names[:12])}; choose kinds that do"
        )
    injector = _Injector(recording)
    injector.fill(candidates, fraction, rng)
    if fraction > 0.0 and not injector.events:
        raise SpecError(
            f"{recording.source.uri}: no room for any of {', '.join(kind_of(item.spec) for item in candidates)} in "
            f"{recording.axis.size} samples; give a longer recording or shorter faults"
        )
    faulty = recording.with_values(injector.values)
    return Injection(recording=faulty, label=frozen_array(injector.label), events=tuple(injector.events))


@dataclass(frozen=True)
class _Candidate:
    """A fault that applies to the recording, and the channels it may alter."""

    spec: FaultBase
    targets: tuple[Target, ...]


class _Injector:
    """A recording under injection, with its altered and occupied samples."""

    def __init__(self, recording: Recording) -> None:
        self.clean = recording
        self.observed: BoolArray = np.isfinite(recording.values)
        self.values: FloatArray = recording.values.copy()
        self.label: BoolArray = np.zeros(recording.values.shape, dtype=bool)
        self.occupied: BoolArray = np.zeros(recording.values.shape, dtype=bool)
        self.events: list[FaultEvent] = []

    def fill(self, candidates: Sequence[_Candidate], fraction: float, rng: np.random.Generator) -> None:
        """Inject events until `fraction` of the rows is faulty, or no candidate has room."""
        remaining, queue = list(candidates), deque[_Candidate]()
        while remaining and label_rows(self.label, self.clean).mean() < fraction:
            if not queue:
                queue.extend(remaining[position] for position in rng.permutation(len(remaining)))
            candidate = queue.popleft()
            if not self.place(candidate, rng):
                remaining.remove(candidate)

    def place(self, candidate: _Candidate, rng: np.random.Generator) -> bool:
        """Inject one event; return False if there is no room or nothing would change."""
        for _ in range(MAX_TRIES):
            site = self.find_site(candidate, rng)
            if site is None:
                return False
            if self.alter(candidate.spec, site, rng):
                return True
        return False

    def find_site(self, candidate: _Candidate, rng: np.random.Generator) -> Site | None:
        """Return a random free site for an event, shortened if necessary; None if there is no room."""
        shortest, length = candidate.spec.draw_length(self.clean, rng)
        while length >= shortest:
            for position in rng.permutation(len(candidate.targets)):
                target = candidate.targets[position]
                starts = self._free_starts(target.required, length)
                if starts.size:
                    start = int(rng.choice(starts))
                    return Site(rows=target.rows, start=start, stop=start + length, protected=target.required)
            length = max(shortest, length // 2) if length > shortest else 0
        return None

    def _free_starts(self, needed: tuple[int, ...], length: int) -> IntArray:
        rows = list(needed)
        observed = np.asarray(self.observed[rows].all(axis=0))
        occupied = np.asarray(self.occupied[rows].any(axis=0))
        if length > observed.size:
            return np.zeros(0, dtype=np.int64)
        enough = _window_sum(observed, length) >= max(1.0, MIN_OBSERVED_SHARE * length)
        return np.flatnonzero(enough & (_window_sum(occupied, length) == 0))

    def alter(self, spec: FaultBase, site: Site, rng: np.random.Generator) -> bool:
        """Apply one event to values, label and occupied samples; return False if no value changes."""
        rows = list(site.rows)
        before = self.clean.values[rows, site.window]
        after = np.where(np.isfinite(before), _faulty_values(spec, self.clean, site, rng), np.float32(np.nan))
        changed = np.isfinite(after) & (after != before)
        if not changed.any():
            return False
        # faults alter readings but do not remove them
        self.values[rows, site.window] = np.where(np.isfinite(after), after, before)
        self.label[rows, site.window] = changed
        altered = site.start + np.flatnonzero(changed.any(axis=0))
        names = tuple(self.clean.names[row] for row, hit in zip(rows, changed.any(axis=1), strict=True) if hit)
        self.events.append(FaultEvent(kind_of(spec), names, int(altered[0]), int(altered[-1]) + 1))
        self._occupy(site)
        return True

    def _occupy(self, site: Site) -> None:
        if self.clean.kind == "logs":  # rows of scores are depths, and each belongs to one event at most
            self.occupied[:, max(0, site.start - GUARD_SAMPLES) : site.stop + GUARD_SAMPLES] = True
        else:
            self.occupied[list({*site.rows, *site.protected})] = True


def _faulty_values(spec: FaultBase, recording: Recording, site: Site, rng: np.random.Generator) -> FloatArray:
    """Return what a fault writes at a site, float32[row of the site, sample of the site].

    Raises:
        DataError: if the fault returns another shape, or NaN for a value that was observed.
    """
    before = recording.values[list(site.rows), site.window]
    after = np.asarray(spec.apply(recording, site, rng))
    if after.shape != before.shape:
        raise DataError(
            f"fault {kind_of(spec)!r}: apply returned values of shape {after.shape}; expected {before.shape}, one for "
            f"each row and sample of the site (rows {site.rows}, samples {site.start}..{site.stop})"
        )
    lost = np.isnan(after) & np.isfinite(before)
    if lost.any():
        row, sample = np.argwhere(lost)[0]
        raise DataError(
            f"fault {kind_of(spec)!r}: apply returned NaN for {int(lost.sum())} observed values, the first in "
            f"{recording.names[site.rows[row]]} at sample {site.start + int(sample)} "
            f"(value {before[row, sample]:g}); expected a value for each value: a fault alters readings, it does not "
            "remove them (return the recording's own value wherever the fault has none)"
        )
    return after


def _window_sum(flags: BoolArray, length: int) -> IntArray:
    total = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    return np.asarray(total[length:] - total[:-length], dtype=np.int64)
