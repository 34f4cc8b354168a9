"""Files of a field that hold the same curves: copies, parts, edited and shifted ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.field.sketch import MIN_SHARED, SharedReadings, shared_readings
from aemodels.field.summary import CurveSummary, FileSummary

WHOLE = 0.97  # share of equal readings from which a curve is a copy: its estimate from 32 hashes is coarse
MIN_SHARE = 0.05
MIN_SHIFT_M = 0.01
MAX_PARTNERS = 3  # files that each hash is compared with, so that a thousand copies cost a thousand comparisons


@dataclass(frozen=True)
class Duplicate:
    """Two files that share readings.

    Args:
        first, second: indices of the files.
        curves: "RHOB" if the curve has one name in both, else "RDEP = RMED".
        what: "copy", "part or edited copy", "shifted copy" of the same readings; "repeat or second run" of one well.
        share: of equal readings in the shorter curve, the largest of the curves; of a repeat the correlation.
        shift: depths of the second minus those of the first, m.
    """

    first: int
    second: int
    curves: tuple[str, ...]
    what: str
    share: float
    shift: float


def find_duplicates(files: Sequence[FileSummary]) -> list[Duplicate]:
    """Return pairs of files with equal readings, most of them first.

    Of many copies of one curve each is paired with the first few, not with all.
    """
    pairs: dict[tuple[int, int], list[tuple[str, SharedReadings]]] = defaultdict(list)
    for (first, one), (second, other) in _candidates(files):
        here, there = files[first].curves[one], files[second].curves[other]
        found = shared_readings(here.sketch, there.sketch)
        if found is not None and found.share >= MIN_SHARE:
            pairs[first, second].append((_label(here, there), found))
    out = [_duplicate(files, pair, shared) for pair, shared in pairs.items()]
    return sorted(out, key=lambda one: (-one.share, one.first, one.second))


def same_well(files: Sequence[FileSummary]) -> list[tuple[int, int]]:
    """Return pairs of files of one well by their headers: the file with the longest log, and each of the others."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if file.well_key:
            groups[file.well_key].append(number)
    pairs = []
    for members in groups.values():
        longest = max(members, key=lambda number: (files[number].base - files[number].top, -number))
        pairs += [(longest, number) for number in members if number != longest]
    return pairs


def _candidates(files: Sequence[FileSummary]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the pairs of (file, curve) in different files that share enough hashes."""
    curves = [(number, row) for number, file in enumerate(files) for row in range(len(file.curves))]
    sketches = [files[number].curves[row].sketch.hashes for number, row in curves]
    hashes = np.array([value for sketch in sketches for value in sketch], dtype=np.int64)
    holder = np.repeat(np.arange(len(curves)), [len(sketch) for sketch in sketches])
    order = np.argsort(hashes, kind="stable")
    hashes, holder = hashes[order], holder[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(hashes)) + 1, [hashes.size]])
    shared: Counter[tuple[tuple[int, int], tuple[int, int]]] = Counter()
    for start in np.flatnonzero(np.diff(bounds) > 1):  # hashes of more than one curve
        known: list[tuple[int, int]] = []
        for index in holder[bounds[start] : bounds[start + 1]]:
            curve = curves[index]
            for other in known:
                if other[0] != curve[0]:
                    shared[other, curve] += 1
            if len(known) < MAX_PARTNERS:
                known.append(curve)
    return [pair for pair, count in shared.items() if count >= MIN_SHARED]


def _label(here: CurveSummary, there: CurveSummary) -> str:
    return here.name if here.name == there.name else f"{here.name} = {there.name}"


def _duplicate(
    files: Sequence[FileSummary], pair: tuple[int, int], shared: Sequence[tuple[str, SharedReadings]]
) -> Duplicate:
    best = max((found for _, found in shared), key=lambda found: found.share)
    what = "copy" if best.share >= WHOLE else "part or edited copy"
    if abs(best.shift) >= MIN_SHIFT_M:
        what = "shifted copy"
    curves = tuple(dict.fromkeys(label for label, _ in shared))
    return Duplicate(*pair, curves, what, round(best.share, 2), best.shift)
