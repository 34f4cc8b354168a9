"""Intervals like this one: places whose sequence of codes is nearest to that of a chosen interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.latent.embed import Encoder, embed, keep_channels

MIN_OBSERVED = 0.8  # share of an interval's samples, of each curve that is compared
FINENESS = 16  # places searched in the length of a window


@dataclass(frozen=True, eq=False)
class QueryInterval:
    """The interval that others are to be like.

    Args:
        section: the whole well, normalised.
        start: first sample.
        stop: the sample behind the last.
    """

    section: Section
    start: int
    stop: int

    @property
    def samples(self) -> int:
        return self.stop - self.start

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that are observed in the interval."""
        seen = self.section.mask[:, self.start : self.stop].mean(axis=1) >= MIN_OBSERVED
        return tuple(int(channel) for channel in np.flatnonzero(seen))


@dataclass(frozen=True)
class SimilarInterval:
    """A place in a well.

    Args:
        well: number of the well searched.
        start: first sample.
        stop: the sample behind the last.
        distance: root mean square over the interval of the difference of codes, by curve compared.
    """

    well: int
    start: int
    stop: int
    distance: float


@dataclass(frozen=True, eq=False)
class SimilarityResult:
    """What was found.

    Args:
        matches: the nearest places, best first; none overlaps another.
        typical: median distance of all places looked at; NaN without one.
        compared: for each well the channels that were compared; () where fewer than half of the interval's are there.
    """

    matches: tuple[SimilarInterval, ...]
    typical: float
    compared: tuple[tuple[int, ...], ...]


def find_similar(
    model: Encoder, interval: QueryInterval, wells: Sequence[tuple[Section, BoolArray]], *, top: int
) -> SimilarityResult:
    """Slide the interval along wells, and keep the places whose codes differ least.

    The query is the sequence of codes along the interval, not their mean: beds in the same order, not only in the same
    amounts. Intervals have the same thickness; nothing is stretched. An interval shorter than a window is looked at
    with what is around it. A curve that a well lacks is blanked in the interval too: only what both have counts.

    Args:
        model: from `encoder_of`.
        interval: what to look for.
        wells: sections of the same channels and sampling with the samples (bool[sample]) that no match may touch.
        top: matches at most.

    Raises:
        DataError: if no channel is observed in the interval.
    """
    if not interval.channels:
        raise DataError(f"{interval.section.name}: no curve is observed in samples {interval.start} to {interval.stop}")
    compared = tuple(_comparable(interval, section) for section, _ in wells)
    queries = {kept: _query(model, interval, kept) for kept in set(compared) if kept}
    found: list[SimilarInterval] = []
    distances: list[NDArray[np.float64]] = []
    for number, ((section, taboo), kept) in enumerate(zip(wells, compared, strict=True)):
        if not kept:
            continue
        track = _Track(model, section, kept, taboo)
        starts, values = track.distances(queries[kept], interval.samples)
        distances.append(values)
        found += _separate(number, starts, values, interval.samples, top)
    found.sort(key=lambda match: match.distance)
    pooled = np.concatenate(distances) if distances else np.empty(0)
    return SimilarityResult(tuple(found[:top]), float(np.median(pooled)) if pooled.size else float("nan"), compared)


@dataclass(frozen=True, eq=False)
class _Track:
    """A well to be searched, with the channels compared and the samples that no match may touch."""

    model: Encoder
    section: Section
    kept: tuple[int, ...]
    taboo: BoolArray

    def distances(self, query: FloatArray, samples: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """First samples of the places that can be compared, and how far each is from the query's codes."""
        step = _step(self.model)
        codes = embed(self.model, keep_channels(self.section, self.kept), stride=step).concatenate_channels()
        regular = codes.origin[:, 1] % step == 0  # the last window, at the well's end, is out of step
        values, first = codes.values[regular], codes.origin[regular, 1]
        places = len(values) - len(query) + 1
        if places < 1:
            return np.empty(0, dtype=np.int64), np.empty(0)
        total = np.zeros(places)
        for row, code in enumerate(query):
            total += np.square(values[row : row + places] - code, dtype=np.float64).sum(axis=1)
        starts = first[:places] + _margin(self.model, samples)
        usable = self._usable(starts, samples)
        return starts[usable], np.sqrt(total[usable] / (len(query) * len(self.kept)))

    def _usable(self, starts: NDArray[np.int64], samples: int) -> BoolArray:
        """Places inside the well, observed well enough, and not forbidden."""
        length = self.section.values.shape[1]
        inside = (starts >= 0) & (starts + samples <= length)
        first = np.clip(starts, 0, max(length - samples, 0))
        seen = np.concatenate([self.section.mask[list(self.kept)], self.taboo[None]]).astype(np.float64)
        sums = np.pad(np.cumsum(seen, axis=1), ((0, 0), (1, 0)))
        share = (sums[:, np.minimum(first + samples, length)] - sums[:, first]) / samples
        return np.asarray(inside & (share[:-1] >= MIN_OBSERVED).all(axis=0) & (share[-1] == 0), dtype=np.bool_)


def _comparable(interval: QueryInterval, section: Section) -> tuple[int, ...]:
    """The interval's channels that a well has somewhere; () where fewer than half of them are there."""
    there = tuple(channel for channel in interval.channels if section.mask[channel].any())
    return there if 2 * len(there) >= len(interval.channels) else ()


def _query(model: Encoder, interval: QueryInterval, kept: tuple[int, ...]) -> FloatArray:
    """Embeddings along the interval float32[place, dimension], at least one."""
    length, step = model.spec.window.length, _step(model)
    windows = max((interval.samples - length) // step + 1, 1)
    start = interval.start - _margin(model, interval.samples)
    places = start + np.arange(length + (windows - 1) * step)
    inside = np.clip(places, 0, interval.section.values.shape[1] - 1)  # beyond the ends: the edge, as in `cut`
    whole = keep_channels(interval.section, kept)
    beyond = places != inside
    piece = Section(whole.name, whole.values[:, inside], whole.mask[:, inside] & ~beyond, whole.scale)
    return embed(model, piece, stride=step).concatenate_channels().values[:windows]


def _margin(model: Encoder, samples: int) -> int:
    """Samples by which a single window reaches out of an interval shorter than itself, before it."""
    return max(model.spec.window.length - samples, 0) // 2


def _step(model: Encoder) -> int:
    return max(1, model.spec.window.length // FINENESS)


def _separate(
    well: int, starts: NDArray[np.int64], distances: NDArray[np.float64], samples: int, top: int
) -> list[SimilarInterval]:
    """The nearest places of a well, none overlapping a nearer one."""
    chosen: list[SimilarInterval] = []
    free = np.ones(starts.size, dtype=np.bool_)
    for place in np.argsort(distances, kind="stable"):
        if len(chosen) == top:
            break
        if free[place]:
            start = int(starts[place])
            chosen.append(SimilarInterval(well, start, start + samples, float(distances[place])))
            free &= np.abs(starts - start) >= samples
    return chosen
