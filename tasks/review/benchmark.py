"""Benchmark against a folder of reviews: the reviews, and the intervals of our detector or of somebody else's."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from aemodels.core.errors import DataError
from aemodels.io.files.regular import open_regular
from aemodels.review.benchmark import Interval, benchmark_rows, line_benchmark_rows, outside_rows
from aemodels.review.document import MAX_BYTES, Review, parse_review
from aemodels.review.labels import labels_by_content
from aemodels.signal.runs import runs
from aemodels.signal.wells import plain_name
from tasks.field.score_files import list_score_files

COLUMNS = ("well", "curve", "top", "base", "reason")
MAX_CSV_BYTES = 100_000_000
MIN_HASH = 8  # digits of a sha256 that may stand for the name of a well
FLAG = "BADLOG_"


@dataclass(frozen=True)
class LabelBenchmark:
    """A detector's intervals against reviews.

    Args:
        rows: see `review.benchmark.benchmark_rows`, then those of `review.benchmark.line_benchmark_rows`.
        wells, lines: reviewed ones that were compared.
        outside: number and metres of the intervals of wells at depths without a label.
        outside_lines: number and traces of the ranges of lines without a label.
        disputed: decisions that reviewers contradict each other about.
        without: reviewed wells and lines that the detector says nothing about; its recall there is 0.
        unknown: wells and lines that the detector names and nobody reviewed.
    """

    rows: list[dict[str, Any]]
    wells: int
    lines: int
    outside: dict[str, float]
    outside_lines: dict[str, float]
    disputed: int
    without: tuple[str, ...]
    unknown: tuple[str, ...]


def read_reviews(folder: Path) -> list[Review]:
    """Return the reviews of a folder (`*.json`, also in subfolders): as saved from a report, or a list of such.

    Raises:
        DataError: if there is none, or one is no review, with the field, the value and what was expected.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; expected one with reviews saved from reports (*.json)")
    reviews = [review for path in sorted(folder.rglob("*.json")) for review in _reviews_of(path)]
    if not reviews:
        raise DataError(f"{folder} has no *.json; expected reviews saved from reports")
    return reviews


def _reviews_of(path: Path) -> list[Review]:
    try:
        with open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; expected a review saved from a report (JSON)") from error
    if content.lstrip()[:1] != b"[":
        return [parse_review(content, str(path))]
    try:  # as `sondeflow reviews apply` writes them
        parts = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {error}; expected reviews saved from reports (JSON); save them again") from error
    return [parse_review(json.dumps(part).encode(), f"{path}, number {number}") for number, part in enumerate(parts, 1)]


def benchmark_csv(reviews: Sequence[Review], table: Path) -> LabelBenchmark:
    """Score the intervals of a CSV file against reviews.

    Args:
        reviews: of wells and lines.
        table: CSV with the columns well, curve, top, base, reason; of a line, well is its name, and top and base are
            its first and last trace.

    Raises:
        DataError: if the file is not such a table, or names no reviewed well.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for sha256, name in {review.sha256: review.well for review in reviews}.items():
        names[plain_name(name)].append(sha256)
    lines = {review.sha256 for review in reviews if review.kind == "seismic"}
    found: dict[str, list[Interval]] = defaultdict(list)
    unknown: set[str] = set()
    for line, well, interval in _csv_intervals(table):
        content = _content_of(well, names, f"{table}, line {line}")
        if content is None:
            unknown.add(well)
        elif content in lines:
            found[content].append(_as_range(interval, f"{table}, line {line}"))
        elif interval.top_m == interval.base_m:
            raise _not_above(interval.top_m, interval.base_m, f"{table}, line {line}")
        else:
            found[content].append(interval)
    if not found:
        listed = ", ".join(sorted(review.well for review in reviews)[:6])
        raise DataError(f"{table}: names none of the reviewed wells; expected some of {listed}")
    return _benchmark(reviews, found, sorted(unknown))


def benchmark_outbox(reviews: Sequence[Review], outbox: Path) -> LabelBenchmark:
    """Score the flags of an outbox against reviews.

    Raises:
        DataError: if the folder is not an outbox, or has none of the reviewed files.
    """
    wanted = {review.sha256 for review in reviews}
    found = {
        file.sha256: _flags_of(outbox / file.path) if file.kind == "logs" else _flagged_ranges(outbox / file.path)
        for file in list_score_files(outbox)
        if file.sha256 in wanted
    }
    if not found:
        raise DataError(f"{outbox} has none of the {len(wanted)} reviewed files; score them, or name another outbox")
    return _benchmark(reviews, found, [])


def _benchmark(
    reviews: Sequence[Review], intervals: Mapping[str, Sequence[Interval]], unknown: Sequence[str]
) -> LabelBenchmark:
    labels, lines = labels_by_content(reviews, "logs"), labels_by_content(reviews, "seismic")
    reviewed = labels | lines
    names = {review.sha256: review.well or review.sha256 for review in reviews}
    return LabelBenchmark(
        rows=[*(benchmark_rows(labels, intervals) if labels else ()), *line_benchmark_rows(lines, intervals)],
        wells=len(labels),
        lines=len(lines),
        outside=outside_rows(labels, intervals),
        outside_lines={
            {"metres": "traces"}.get(key, key): value for key, value in outside_rows(lines, intervals).items()
        },
        disputed=sum(own.disputed for own in reviewed.values()),
        without=tuple(sorted(names[sha256] for sha256 in reviewed if sha256 not in intervals)),
        unknown=tuple(unknown),
    )


def _content_of(well: str, names: Mapping[str, Sequence[str]], where: str) -> str | None:
    """Return the reviewed content that a name or the beginning of a hash means; None if none was reviewed.

    Raises:
        DataError: if it may mean several.
    """
    contents = {sha256 for same in names.values() for sha256 in same}
    by_hash = [one for one in contents if len(well) >= MIN_HASH and one.startswith(well.lower())]
    found = by_hash or list(names.get(plain_name(well), ()))
    if len(found) > 1:
        raise DataError(
            f"{where}: {len(found)} reviewed files are of well {well!r}; expected the beginning of a sha256 instead: "
            + ", ".join(one[:MIN_HASH] for one in sorted(found))
        )
    return found[0] if found else None


def _csv_intervals(path: Path) -> list[tuple[int, str, Interval]]:
    """Return line number, well and interval of each row.

    Raises:
        DataError: with the line, the value and what was expected.
    """
    try:
        with open_regular(path) as file:
            content = file.read(MAX_CSV_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; expected a CSV file with {', '.join(COLUMNS)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {error.reason} at byte {error.start}; expected a CSV file in UTF-8") from error
    if len(content) > MAX_CSV_BYTES:
        raise DataError(f"{path}: more than {MAX_CSV_BYTES:,} bytes; expected a table of intervals, not of samples")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("well", "top", "base") if name not in head]
        if missing:
            raise DataError(f"{path}, line 1: no column {', '.join(missing)}; expected the columns {','.join(COLUMNS)}")
        return [_interval(dict(zip(head, row, strict=False)), path, reader.line_num) for row in reader if any(row)]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}; expected a CSV file") from error


def _interval(row: Mapping[str, str], path: Path, line: int) -> tuple[int, str, Interval]:
    depths = []
    for name in ("top", "base"):
        text = row.get(name, "").strip()
        try:
            depths.append(float(text))
        except ValueError as error:
            raise DataError(f"{path}, line {line}: {name} is {text!r}; expected a depth in m, e.g. 1712.5") from error
    top, base = depths
    if not (math.isfinite(top) and math.isfinite(base) and top <= base):
        raise _not_above(top, base, f"{path}, line {line}")
    return line, row["well"].strip(), Interval(top, base, row.get("curve", "").strip(), row.get("reason", "").strip())


def _not_above(top: float, base: float, where: str) -> DataError:
    return DataError(f"{where}: top is {top} and base {base}; expected a finite top above the base")


def _as_range(interval: Interval, where: str) -> Interval:
    """Return an interval of a line, given by its first and last trace, with both traces as a whole.

    Raises:
        DataError: if they are no whole numbers.
    """
    first, last = interval.top_m, interval.base_m
    if not (first.is_integer() and last.is_integer() and first >= 0):
        raise DataError(f"{where}: top is {first} and base {last}; expected first and last trace of a line, from 0")
    return Interval(first - 0.5, last + 0.5, reason=interval.reason)


def _flagged_ranges(path: Path) -> list[Interval]:
    """Return the ranges of adjacent flagged traces of a score file, half a trace beyond the outer ones."""
    table = pq.read_table(path, columns=["trace", "is_anomaly", "reason"], partitioning=None)
    traces, reasons = table["trace"].to_numpy(), table["reason"].to_pylist()
    flags = table["is_anomaly"].to_numpy(zero_copy_only=False)
    return [
        Interval(float(traces[start]) - 0.5, float(traces[stop - 1]) + 0.5, reason=_first(reasons[start:stop]))
        for start, stop in runs(flags)
    ]


def _flags_of(path: Path) -> list[Interval]:
    """Return the flagged intervals of a score file, curve by curve."""
    names = pq.read_schema(path).names
    curves = [name.removeprefix(FLAG) for name in names if name.startswith(FLAG)]
    table = pq.read_table(path, columns=["depth", "reason", *(f"{FLAG}{curve}" for curve in curves)], partitioning=None)
    depth, reasons = table["depth"].to_numpy(), table["reason"].to_pylist()
    half = float(np.median(np.diff(depth))) / 2 if depth.size > 1 else 0.0
    return [
        Interval(float(depth[start]) - half, float(depth[stop - 1]) + half, curve, _first(reasons[start:stop]))
        for curve in curves
        for start, stop in runs(np.nan_to_num(table[f"{FLAG}{curve}"].to_numpy(zero_copy_only=False)) > 0)
    ]


def _first(reasons: Sequence[str | None]) -> str:
    """Return the most frequent reason, "" if there is none."""
    given = [reason for reason in reasons if reason]
    return max(sorted(set(given)), key=given.count) if given else ""
