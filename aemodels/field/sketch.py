"""Sketch of a curve's readings, by which copies are found among thousands of files in any depth and any order.

The readings are cut into overlapping groups of eight, each group is hashed, and the smallest hashes are kept with their
depths. Two curves share hashes in proportion to the readings that they share, whatever their depths, and the difference
of the depths is the depth shift. After A. Z. Broder, On the resemblance and containment of documents (1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray

GROUP = 8  # readings
SIZE = 32  # hashes kept
MIN_CHANGES = 5  # differing neighbours in a group: stuck tools and filled gaps look alike in all wells
MIN_SHARED = 4  # hashes; fewer may be chance
_KEPT_BITS, _ALL_BITS = 14, 24  # of a reading's mantissa: 4 digits, so that a change of units does not matter


@dataclass(frozen=True)
class Sketch:
    """The smallest hashes of a curve, ascending, the depth of each in m, and the number of groups."""

    hashes: tuple[int, ...] = ()
    depths: tuple[float, ...] = ()
    groups: int = 0


@dataclass(frozen=True)
class SharedReadings:
    """Readings that two curves share: as a share of the shorter curve, and the depth shift of the second, m."""

    share: float
    shift: float


def sketch_curve(depth: AxisArray, values: FloatArray) -> Sketch:
    """Return the sketch of a curve.

    Args:
        depth: float64[sample], m.
        values: float32[sample], NaN = missing.
    """
    seen = np.isfinite(values)
    depth, values = depth[seen], values[seen]
    if values.size < GROUP:
        return Sketch()
    hashes = _group_hashes(values)
    changes = np.lib.stride_tricks.sliding_window_view(np.diff(values) != 0, GROUP - 1).sum(axis=1)
    usable = np.flatnonzero(changes >= MIN_CHANGES)
    distinct, first = np.unique(hashes[usable], return_index=True)
    places = usable[first[:SIZE]]
    return Sketch(
        tuple(int(value) for value in distinct[:SIZE]),
        tuple(round(float(depth[place]), 3) for place in places),
        int(distinct.size),
    )


def shared_readings(first: Sketch, second: Sketch) -> SharedReadings | None:
    """Return what two curves share; None if it may be chance.

    The share of equal groups among all is estimated from the smallest hashes of both, and becomes a share of the
    shorter curve.
    """
    common = set(first.hashes) & set(second.hashes)
    smallest = sorted({*first.hashes, *second.hashes})[: min(SIZE, max(len(first.hashes), len(second.hashes)))]
    both = [value for value in smallest if value in common]
    if len(common) < MIN_SHARED or not both:
        return None
    alike = len(both) / len(smallest)
    share = alike / (1 + alike) * (first.groups + second.groups) / max(1, min(first.groups, second.groups))
    here, there = (
        dict(zip(first.hashes, first.depths, strict=True)),
        dict(zip(second.hashes, second.depths, strict=True)),
    )
    shift = float(np.median([there[value] - here[value] for value in common]))
    return SharedReadings(min(1.0, share), round(shift, 3))


def _group_hashes(values: FloatArray) -> NDArray[np.uint64]:
    """Return a hash per group of consecutive readings: uint64[sample - GROUP + 1]."""
    dropped = _ALL_BITS - 1 - _KEPT_BITS
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    codes = (bits + np.uint64(1 << (dropped - 1))) >> np.uint64(dropped)
    total = np.zeros(values.size - GROUP + 1, dtype=np.uint64)
    for place in range(GROUP):
        total = total * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + total.size]
    total ^= total >> np.uint64(30)  # the finaliser of splitmix64: spreads the bits, so that small hashes are random
    total *= np.uint64(0xBF58476D1CE4E5B9)
    total ^= total >> np.uint64(27)
    total *= np.uint64(0x94D049BB133111EB)
    return np.asarray((total ^ (total >> np.uint64(31))) >> np.uint64(11), dtype=np.uint64)  # 53 bits: exact in JSON
