"""Scorecard of a field: its files ranked, and what many of them say together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aemodels.curves.canonical import CANONICAL
from aemodels.field.attention import attention
from aemodels.field.drift import level_drift
from aemodels.field.duplicates import Duplicate, find_duplicates, same_well
from aemodels.field.summary import BIN_M, CurveSummary, FileSummary

NOT_NAMED = "not named"
Row = dict[str, Any]


@dataclass(frozen=True)
class Scorecard:
    """State of a field.

    Args:
        files: most in need of eyes first; `duplicates` refers to this order.
        attention: per file its contributions, see `aemodels.field.attention`.
        drift: per file curve → distance of its level from the field's.
        medians: curve → level of the field, of curves that have such distances; log10 for resistivities.
        duplicates: pairs of files with the same readings, and repeats of one well.
        groups: name of a grouping ("contractor", "year", "tool", "curve in the file") → a row per group.
        coverage: curve → number of wells with a reading in each depth bin of `BIN_M`.
        quarantined: files that could not be used: source, sha256, findings.
        reviews: sha256 → number of reviewers' decisions by action.
    """

    files: Sequence[FileSummary]
    attention: Sequence[Mapping[str, float]]
    drift: Sequence[Mapping[str, float]]
    duplicates: Sequence[Duplicate] = ()
    groups: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    coverage: Mapping[str, Sequence[int]] = field(default_factory=dict)
    quarantined: Sequence[Row] = ()
    reviews: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    medians: Mapping[str, float] = field(default_factory=dict)

    @property
    def curves(self) -> tuple[str, ...]:
        """Names of the scored curves of the field's wells, in the usual order."""
        found = {curve.name for file in self.files for curve in file.curves}
        return tuple(name for name in CANONICAL if name in found)

    @property
    def other_curves(self) -> tuple[str, ...]:
        """Names of the other curves with readings: canonical ones in the usual order, then those of most wells."""
        counts = Counter(curve.name for file in self.files for curve in file.others if curve.observed)
        order = list(CANONICAL)
        return tuple(
            sorted(counts, key=lambda name: (order.index(name) if name in order else len(order), -counts[name], name))
        )


def make_scorecard(
    files: Iterable[FileSummary],
    quarantined: Sequence[Row] = (),
    repeats: Callable[[Sequence[FileSummary], Sequence[tuple[int, int]]], list[Duplicate]] = lambda _, __: [],
) -> Scorecard:
    """Rank the files of a field, and find what they have in common.

    Args:
        files: one per content.
        quarantined: rows of the unusable files.
        repeats: finds repeats among pairs of the ranked files that are of one well; it needs their readings.
    """
    listed = list(files)
    drift = level_drift(listed)
    parts = [attention(file, one) for file, one in zip(listed, drift.distances, strict=True)]
    order = sorted(range(len(listed)), key=lambda n: (-sum(parts[n].values()), listed[n].name, listed[n].sha256))
    ranked = [listed[n] for n in order]
    found = find_duplicates(ranked)
    copies = {frozenset((one.first, one.second)) for one in found}
    others = repeats(ranked, [pair for pair in same_well(ranked) if frozenset(pair) not in copies])
    return Scorecard(
        files=ranked,
        attention=[parts[n] for n in order],
        drift=[drift.distances[n] for n in order],
        duplicates=[*found, *others],
        groups={
            "contractor": _grouped(ranked, lambda file: file.contractor or NOT_NAMED),
            "year": sorted(_grouped(ranked, _vintage), key=lambda row: str(row["group"])),
            "tool": _by_curve(ranked, lambda curve: curve.tool or NOT_NAMED),
            "curve in the file": _by_curve(
                ranked, lambda curve: f"{curve.name} from {curve.mnemonic}" if curve.mnemonic else ""
            ),
        },
        coverage=depth_coverage(ranked),
        quarantined=quarantined,
        medians=drift.medians,
    )


def depth_coverage(files: Sequence[FileSummary]) -> dict[str, list[int]]:
    """Return per curve the number of wells with a reading in each depth bin, from 0 m to the deepest."""
    out: dict[str, Any] = {}
    every = [curve for file in files for curve in (*file.curves, *file.others) if curve.name in CANONICAL]
    deepest = max((curve.coverage.bit_length() for curve in every), default=0)
    for curve in every:
        if curve.coverage:
            counts = out.setdefault(curve.name, np.zeros(deepest, dtype=np.int64))
            packed = np.frombuffer(curve.coverage.to_bytes((deepest + 7) // 8, "little"), dtype=np.uint8)
            counts += np.unpackbits(packed, bitorder="little")[:deepest]
    return {name: [int(n) for n in out[name]] for name in CANONICAL if name in out}


def bin_depths(count: int) -> list[float]:
    """Return the tops of the first depth bins, m."""
    return [BIN_M * number for number in range(count)]


def _grouped(files: Sequence[FileSummary], key: Callable[[FileSummary], str]) -> list[Row]:
    """Return a row per group of wells with what is flagged, most per metre first; a group of all is no grouping."""
    members: dict[str, list[FileSummary]] = defaultdict(list)
    for file in files:
        if file.kind == "logs":
            members[key(file)].append(file)
    rows = [_group_row(name, group) for name, group in members.items()]
    return (
        sorted(rows, key=lambda row: (row["group"] == NOT_NAMED, -row["share"])) if set(members) - {NOT_NAMED} else []
    )


def _vintage(file: FileSummary) -> str:
    """Return the five years that a well was logged in."""
    first = None if file.year is None else file.year - file.year % 5
    return NOT_NAMED if first is None else f"{first} to {first + 4}"


def _group_row(name: str, files: Sequence[FileSummary]) -> Row:
    reasons: Counter[str] = Counter()
    for file in files:
        reasons.update(file.reasons)
    return _row(name, len(files), sum(file.scored for file in files), sum(file.flagged for file in files), reasons)


def _by_curve(files: Sequence[FileSummary], key: Callable[[CurveSummary], str]) -> list[Row]:
    """Return a row per group of curves, most flagged per metre first; those of group "" are left out."""
    members: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    holders: dict[str, set[int]] = defaultdict(set)
    for number, file in enumerate(files):
        for curve in file.curves:
            group = key(curve)
            if group and curve.observed:
                members[group][0] += curve.observed
                members[group][1] += curve.flagged
                holders[group].add(number)
    rows = [_row(name, len(holders[name]), scored, flagged, {}) for name, (scored, flagged) in members.items()]
    return sorted(rows, key=lambda row: (row["group"] == NOT_NAMED, -row["share"], row["group"]))


def _row(name: str, files: int, scored: float, flagged: float, reasons: Mapping[str, float]) -> Row:
    return {
        "group": name,
        "files": files,
        "scored": round(scored, 1),
        "flagged": round(flagged, 1),
        "share": round(flagged / scored, 5) if scored else 0.0,
        "reasons": [reason for reason, _ in Counter(reasons).most_common(3)],
    }
