"""Search for similar intervals: those whose sequence of embeddings is nearest to that of a query interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.latent.embed import Encoder, embed, keep_channels

MIN_OBSERVED = 0.8  # share of an interval's samples, for each curve that is compared
STEPS_PER_WINDOW = 16  # start samples compared per window length


@dataclass(frozen=True, eq=False)
class QueryInterval:
    """The interval to which similar ones are sought.

    Args:
        section: the whole well, normalised.
        start: first sample.
        stop: exclusive end.
    """

    section: Section
    start: int
    stop: int

    @property
    def samples(self) -> int:
        return self.stop - self.start

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels observed in the interval."""
        seen = self.section.mask[:, self.start : self.stop].mean(axis=1) >= MIN_OBSERVED
        return tuple(int(channel) for channel in np.flatnonzero(seen))


@dataclass(frozen=True)
class SimilarInterval:
    """An interval found in a well.

    Args:
        well: index of the well searched.
        start: first sample.
        stop: exclusive end.
        distance: root mean square over the interval of the difference of embeddings, per curve compared.
    """

    well: int
    start: int
    stop: int
    distance: float


@dataclass(frozen=True, eq=False)
class SimilarityResult:
    """The result of a search.

    Args:
        matches: the nearest intervals, nearest first; none overlaps another.
        median_distance: over all intervals compared; NaN if there were none.
        compared: for each well the channels compared; () if the well lacks more than half of the query's channels.
    """

    matches: tuple[SimilarInterval, ...]
    median_distance: float
    compared: tuple[tuple[int, ...], ...]


def find_similar(
    model: Encoder, interval: QueryInterval, wells: Sequence[tuple[Section, BoolArray]], *, top: int
) -> SimilarityResult:
    """Slide the query along wells and return the intervals whose embeddings differ least.

    The sequence of embeddings along the interval is compared, not their mean, so that beds have to follow in the same
    order. Intervals have the same thickness; nothing is stretched. An interval shorter than a window is embedded
    together with its surroundings. A curve that a well lacks is blanked in the query too, so that only curves that
    both have are compared.

    Args:
        model: from `encoder_of`.
        interval: the query.
        wells: sections of the same channels and sampling, each with bool[sample], True where no match may lie.
        top: maximum number of matches.

    Raises:
        DataError: if no channel is observed in the interval.
    """
    if not interval.channels:
        raise DataError(f"{interval.section.name}: no curve is observed in samples {interval.start} to {interval.stop}")
    compared = tuple(_comparable(interval, section) for section, _ in wells)
    queries = {kept: _query(model, interval, kept) for kept in set(compared) if kept}
    found: list[SimilarInterval] = []
    distances: list[NDArray[np.float64]] = []
    for number, ((section, excluded), kept) in enumerate(zip(wells, compared, strict=True)):
        if not kept:
            continue
        searched = _SearchedWell(model, section, kept, excluded)
        starts, values = searched.distances(queries[kept], interval.samples)
        distances.append(values)
        found += _nearest(number, starts, values, interval.samples, top)
    found.sort(key=lambda match: match.distance)
    pooled = np.concatenate(distances) if distances else np.empty(0)
    return SimilarityResult(tuple(found[:top]), float(np.median(pooled)) if pooled.size else float("nan"), compared)


@dataclass(frozen=True, eq=False)
class _SearchedWell:
    """A well to search, with the channels to compare and bool[sample], True where no match may lie."""

    model: Encoder
    section: Section
    kept: tuple[int, ...]
    excluded: BoolArray

    def distances(self, query: FloatArray, samples: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the first samples of the intervals that can be compared, and their distances from the query."""
        step = _step(self.model)
        embeddings = embed(self.model, keep_channels(self.section, self.kept), stride=step).concatenate_channels()
        regular = embeddings.origin[:, 1] % step == 0  # the last window ends with the well, off the grid of steps
        values, first = embeddings.values[regular], embeddings.origin[regular, 1]
        count = len(values) - len(query) + 1
        if count < 1:
            return np.empty(0, dtype=np.int64), np.empty(0)
        total = np.zeros(count)
        for row, embedding in enumerate(query):
            total += np.square(values[row : row + count] - embedding, dtype=np.float64).sum(axis=1)
        starts = first[:count] + _margin(self.model, samples)
        usable = self._usable(starts, samples)
        return starts[usable], np.sqrt(total[usable] / (len(query) * len(self.kept)))

    def _usable(self, starts: NDArray[np.int64], samples: int) -> BoolArray:
        """Return bool[start], True if the interval lies inside the well, is observed and is not excluded."""
        length = self.section.values.shape[1]
        inside = (starts >= 0) & (starts + samples <= length)
        first = np.clip(starts, 0, max(length - samples, 0))
        seen = np.concatenate([self.section.mask[list(self.kept)], self.excluded[None]]).astype(np.float64)
        sums = np.pad(np.cumsum(seen, axis=1), ((0, 0), (1, 0)))
        share = (sums[:, np.minimum(first + samples, length)] - sums[:, first]) / samples
        return np.asarray(inside & (share[:-1] >= MIN_OBSERVED).all(axis=0) & (share[-1] == 0), dtype=np.bool_)


def _comparable(interval: QueryInterval, section: Section) -> tuple[int, ...]:
    """Return the query's channels that a well has anywhere; () if fewer than half of them."""
    present = tuple(channel for channel in interval.channels if section.mask[channel].any())
    return present if 2 * len(present) >= len(interval.channels) else ()


def _query(model: Encoder, interval: QueryInterval, kept: tuple[int, ...]) -> FloatArray:
    """Return the embeddings along the query, float32[window, dimension], at least one."""
    length, step = model.spec.window.length, _step(model)
    windows = max((interval.samples - length) // step + 1, 1)
    start = interval.start - _margin(model, interval.samples)
    samples = start + np.arange(length + (windows - 1) * step)
    inside = np.clip(samples, 0, interval.section.values.shape[1] - 1)  # edge values beyond the ends, as in `cut`
    whole = keep_channels(interval.section, kept)
    beyond = samples != inside
    piece = Section(whole.name, whole.values[:, inside], whole.mask[:, inside] & ~beyond, whole.scale)
    return embed(model, piece, stride=step).concatenate_channels().values[:windows]


def _margin(model: Encoder, samples: int) -> int:
    """Return the samples by which a window extends above an interval shorter than itself."""
    return max(model.spec.window.length - samples, 0) // 2


def _step(model: Encoder) -> int:
    return max(1, model.spec.window.length // STEPS_PER_WINDOW)


def _nearest(
    well: int, starts: NDArray[np.int64], distances: NDArray[np.float64], samples: int, top: int
) -> list[SimilarInterval]:
    """Return the nearest intervals of a well, none of which overlaps a nearer one."""
    chosen: list[SimilarInterval] = []
    free = np.ones(starts.size, dtype=np.bool_)
    for index in np.argsort(distances, kind="stable"):
        if len(chosen) == top:
            break
        if free[index]:
            start = int(starts[index])
            chosen.append(SimilarInterval(well, start, start + samples, float(distances[index])))
            free &= np.abs(starts - start) >= samples
    return chosen
