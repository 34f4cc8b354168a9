"""Placing faults in a recording, all kinds alike, with a label of every altered sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.errors import DataError, SpecError
from aemodels.core.types import BoolArray, FloatArray, IntArray, Recording, frozen_array
from aemodels.faults.base import FaultBase, Site, Target

OBSERVED_SHARE = 0.9  # of an event's needed samples
GUARD_SAMPLES = 5  # intact samples between two events in a well, so that they can be told apart
TRIES = 8  # other places looked at where an event would alter nothing (a flat line held flat)


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
        recording: the faulty recording; what is missing in the intact one is missing here.
        label: bool[channel, sample], True exactly where the value differs from the intact recording's.
        events: what was injected, in order of injection.
    """

    recording: Recording
    label: BoolArray
    events: tuple[FaultEvent, ...]


def row_label(injection: Injection) -> BoolArray:
    """bool[row]: a depth sample (logs) or a trace (seismic) with any altered value."""
    return label_rows(injection.label, injection.recording)


def label_rows(label: BoolArray, recording: Recording) -> BoolArray:
    """Reduce bool[channel, sample] to the rows that scores have: samples for logs, traces for seismic."""
    return np.asarray(label.any(axis=0 if recording.kind == "logs" else 1))


def inject(recording: Recording, specs: Sequence[FaultBase], *, fraction: float, rng: np.random.Generator) -> Injection:
    """Inject faults until `fraction` of the rows is faulty.

    The kinds take turns in rounds of random order, so that every kind gets as many events as any other (to within
    one) for as long as there is room for it. Events do not overlap, and lie where the curves they need are observed.
    Where room runs out first the recording holds fewer faults than asked for.

    Args:
        recording: intact, in canonical units (logs) or amplitudes (seismic); it is not altered.
        specs: the fault kinds; those that do not apply to the recording are left out.
        fraction: wanted share of faulty rows, 0 .. 0.9; the last event may exceed it.
        rng: the only source of randomness.

    Returns:
        The faulty recording, its label and the events.

    Raises:
        SpecError: if fraction is out of range, no kind applies to the recording, or none finds room.
    """
    if not 0.0 <= fraction <= 0.9:
        raise SpecError(f"fraction of faulty rows is {fraction}; expected 0 .. 0.9")
    candidates = [_Candidate(spec, targets) for spec in specs if (targets := spec.targets(recording))]
    if not candidates:
        kinds = ", ".join(_kind(spec) for spec in specs) or "none"
        raise SpecError(
            f"{recording.source.uri}: no fault kind ({kinds}) applies to {recording.kind} with channels "
            f"{', '.join(recording.names[:12])}; choose kinds made for them"
        )
    pool = _Pool(recording)
    pool.fill(candidates, fraction, rng)
    if fraction > 0.0 and not pool.events:
        raise SpecError(
            f"{recording.source.uri}: no room for any of {', '.join(_kind(item.spec) for item in candidates)} in "
            f"{recording.axis.size} samples; give a longer recording or shorter faults"
        )
    faulty = recording.with_values(pool.values)
    return Injection(recording=faulty, label=frozen_array(pool.label), events=tuple(pool.events))


@dataclass(frozen=True)
class _Candidate:
    """A fault that applies to the recording, and the channels it may alter."""

    spec: FaultBase
    targets: tuple[Target, ...]


class _Pool:
    """The recording being filled: its values, which of them are altered, and which are spoken for."""

    def __init__(self, recording: Recording) -> None:
        self.intact = recording
        self.observed: BoolArray = np.isfinite(recording.values)
        self.values: FloatArray = recording.values.copy()
        self.label: BoolArray = np.zeros(recording.values.shape, dtype=bool)
        self.taken: BoolArray = np.zeros(recording.values.shape, dtype=bool)
        self.events: list[FaultEvent] = []

    def fill(self, candidates: Sequence[_Candidate], fraction: float, rng: np.random.Generator) -> None:
        willing, turn = list(candidates), deque[_Candidate]()
        while willing and label_rows(self.label, self.intact).mean() < fraction:
            if not turn:
                turn.extend(willing[position] for position in rng.permutation(len(willing)))
            candidate = turn.popleft()
            if not self.place(candidate, rng):
                willing.remove(candidate)

    def place(self, candidate: _Candidate, rng: np.random.Generator) -> bool:
        """Put one event somewhere; False where there is no room or nothing would change."""
        for _ in range(TRIES):
            site = self.find_site(candidate, rng)
            if site is None:
                return False
            if self.alter(candidate.spec, site, rng):
                return True
        return False

    def find_site(self, candidate: _Candidate, rng: np.random.Generator) -> Site | None:
        """A random free place for one event, shortened where the wanted length has no room."""
        shortest, length = candidate.spec.draw_length(self.intact, rng)
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
        taken = np.asarray(self.taken[rows].any(axis=0))
        if length > observed.size:
            return np.zeros(0, dtype=np.int64)
        enough = _window_sum(observed, length) >= max(1.0, OBSERVED_SHARE * length)
        return np.flatnonzero(enough & (_window_sum(taken, length) == 0))

    def alter(self, spec: FaultBase, site: Site, rng: np.random.Generator) -> bool:
        """Write one event into values, label and taken; False where no value changes."""
        rows = list(site.rows)
        before = self.intact.values[rows, site.window]
        after = np.where(np.isfinite(before), _faulty_values(spec, self.intact, site, rng), np.float32(np.nan))
        changed = np.isfinite(after) & (after != before)
        if not changed.any():
            return False
        # a fault alters readings, it does not lose them
        self.values[rows, site.window] = np.where(np.isfinite(after), after, before)
        self.label[rows, site.window] = changed
        where = site.start + np.flatnonzero(changed.any(axis=0))
        names = tuple(self.intact.names[row] for row, hit in zip(rows, changed.any(axis=1), strict=True) if hit)
        self.events.append(FaultEvent(_kind(spec), names, int(where[0]), int(where[-1]) + 1))
        self._take(site)
        return True

    def _take(self, site: Site) -> None:
        if self.intact.kind == "logs":  # rows of scores are depths: two events may not share one
            self.taken[:, max(0, site.start - GUARD_SAMPLES) : site.stop + GUARD_SAMPLES] = True
        else:
            self.taken[list({*site.rows, *site.protected})] = True


def _faulty_values(spec: FaultBase, recording: Recording, site: Site, rng: np.random.Generator) -> FloatArray:
    """Return what a fault writes at a site, float32[row of the site, sample of the site].

    Raises:
        DataError: if the fault returns another shape, or NaN for a value that was observed.
    """
    before = recording.values[list(site.rows), site.window]
    after = np.asarray(spec.apply(recording, site, rng))
    if after.shape != before.shape:
        raise DataError(
            f"fault {_kind(spec)!r}: apply returned values of shape {after.shape}; expected {before.shape}, one for "
            f"each row and sample of the site (rows {site.rows}, samples {site.start}..{site.stop})"
        )
    lost = np.isnan(after) & np.isfinite(before)
    if lost.any():
        row, sample = np.argwhere(lost)[0]
        raise DataError(
            f"fault {_kind(spec)!r}: apply returned NaN for {int(lost.sum())} observed values, the first in "
            f"{recording.names[site.rows[row]]} at sample {site.start + int(sample)} "
            f"(value {before[row, sample]:g}); expected a value for each value: a fault alters readings, it does not "
            "remove them (return the recording's own value wherever the fault has none)"
        )
    return after


def _window_sum(flags: BoolArray, length: int) -> IntArray:
    total = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    return np.asarray(total[length:] - total[:-length], dtype=np.int64)


def _kind(spec: FaultBase) -> str:
    return str(getattr(spec, "kind", type(spec).__name__))
