"""Logs of a file: data sections with their curve sections (LAS 3.0 may have several)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding, Severity
from aemodels.curves.tables import Aliases
from aemodels.io.las.column_order import settle_order
from aemodels.io.las.data_sections import read_blocks
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.depth_index import DEPTH_TOLERANCE, DepthIndex, build_index
from aemodels.io.las.file_sections import DataBlock, LasFile, refusal
from aemodels.io.las.header import LasCurve, LasHeader, read_header
from aemodels.io.las.null_values import clean
from aemodels.io.las.text_sections import LasSection, LasText, definition_of

WIDTH_ROWS = 20
MIN_COVERED = 0.9  # share of the depths of the main log that a log of finer steps must have
MAX_LOGS = 50  # the header is parsed once per log

Definition = tuple[LasSection | None, list[DataBlock]]
Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LasLog:
    """A log of a file: the data sections of one curve section.

    Args:
        header: header of the file with this curve section.
        table: all rows.
        index: depth index of the rows.
        findings: findings about the sections.
    """

    header: LasHeader
    table: LasTable
    index: DepthIndex
    findings: tuple[Finding, ...]

    def take(self) -> tuple[list[LasCurve], list[Column], tuple[Finding, ...]]:
        """Return the numeric curves and their columns in the order of the axis, NULL as NaN; the table is emptied.

        Raises:
            UnreadableFileError: if there is no numeric curve.
        """
        numbers = [n for n in range(1, len(self.header.curves)) if n not in self.table.text_columns]
        if not numbers:
            raise refusal("no-curves", "data", "text columns only", "a numeric curve", "export the file again")
        columns = [self.table.columns[number] for number in numbers]
        self.table.columns.clear()  # a large file is not held twice
        whole = np.array_equal(self.index.rows, np.arange(len(columns[0])))
        columns = columns if whole else [column[self.index.rows] for column in columns]
        found = clean(columns, self.header)
        findings = (*self.findings, *self.table.findings, *self.index.findings, *found)
        return [self.header.curves[number] for number in numbers], columns, findings


def find_logs(file: LasFile) -> list[Definition]:
    """Find the logs of a file, in its order: each curve section and the data sections that refer to it or follow it.

    Raises:
        UnreadableFileError: if there are none, or too many.
    """
    text = file.header
    if not text.sections:
        raise refusal("not-las", "file", "no line that starts with '~'", "a LAS file", "check what the file is")
    if not file.blocks:
        kinds = ", ".join(text.lines[section.title].strip()[:40] for section in text.sections[:8])
        remedy = "export the file again with its data"
        raise refusal("no-data", "file", f"sections {kinds}", "an ~A data section", remedy)
    logs: dict[int, Definition] = {}
    for section, block in zip(text.of_kind("A"), file.blocks, strict=True):
        definition = definition_of(text, section)
        logs.setdefault(-1 if definition is None else definition.title, (definition, []))[1].append(block)
    if len(logs) > MAX_LOGS:
        found = f"{len(logs)} curve sections with data"
        raise refusal("header-too-large", "header", found, f"at most {MAX_LOGS}", "write one file per log")
    return list(logs.values())


def read_log(file: LasFile, log: Definition, aliases: Aliases) -> LasLog:
    """Read one log of a file.

    Raises:
        UnreadableFileError: if the log is not usable.
    """
    header, table, findings = read_rows(file, log, aliases)
    header, table, order = settle_order(header, table, _title(file, log[1][0]), aliases)
    noticed = (*file.findings, *header.findings, *findings, *order)
    return LasLog(header, table, build_index(header, table, aliases), noticed)


def read_rows(file: LasFile, log: Definition, aliases: Aliases) -> tuple[LasHeader, LasTable, tuple[Finding, ...]]:
    """Read header and rows of a log, with the columns in the order of the file.

    Raises:
        UnreadableFileError: if the log has no curves, or its rows do not fit them.
    """
    header = _header(file.header, log, aliases)
    table, findings = read_blocks(log[1], header)
    return header, table, findings


def _title(file: LasFile, block: DataBlock) -> str:
    """Return the title line of a data section."""
    text = file.header
    return next(text.lines[s.title] for s, b in zip(text.of_kind("A"), file.blocks, strict=True) if b is block)


def add_logs(
    file: LasFile, main: LasLog, others: Sequence[tuple[int, Definition]], aliases: Aliases
) -> tuple[list[LasCurve], list[Column], tuple[Finding, ...]]:
    """Return the curves of a log and of the other logs of the file with the same depths.

    Args:
        file: the file.
        main: the requested log.
        others: number (from 1) and definition of each other log.
        aliases: mnemonics and units.

    Returns:
        (curves, columns in the order of the main axis, findings, including one per other log).
    """
    rest = [
        OtherLog(
            f"log {number}",
            f"line {log[1][0].title + 1}",
            f"read it with `read_las(path, section={number})`, or write one file per log",
            partial(read_log, file, log, aliases),
        )
        for number, log in others
    ]
    return join_logs(main, rest)


@dataclass(frozen=True)
class OtherLog:
    """A log of a file beside the one that is read.

    Args:
        name: name in messages, as "log 2".
        where: its place in the file.
        remedy: how to read it alone.
        read: reads it; returns a text if it cannot have the same depths, raises UnreadableFileError if it is unusable.
        severity: of the finding if it is left out.
        finer: whether it is read at the depths of the main log if it has other depths besides.
    """

    name: str
    where: str
    remedy: str
    read: Callable[[], LasLog | str]
    severity: Severity = "warning"
    finer: bool = False


def join_logs(main: LasLog, others: Sequence[OtherLog]) -> tuple[list[LasCurve], list[Column], tuple[Finding, ...]]:
    """Return the curves of a log and of others with the same depths; the rest are reported.

    Args:
        main: the log that is read.
        others: the other logs of the file.

    Returns:
        (curves, columns in the order of the main axis, findings, including one per other log). The curves of the n-th
        other log have the order n, from 1.

    Raises:
        UnreadableFileError: if the main log has no numeric curve.
    """
    curves, columns, findings = main.take()
    for number, other in enumerate(others, start=1):
        try:
            log = other.read()
            if isinstance(log, str):
                findings += (_left_out(other, log),)
                continue
            rows = _rows_at(main.index, log.index, finer=other.finer)
            if rows is None:
                findings += (_left_out(other, _summary(log)),)
                continue
            more, added, noticed = log.take()
        except UnreadableFileError as error:
            reason = next((f"{f.code}: {f.found}" for f in error.findings if f.severity == "error"), "no usable log")
            findings += (_left_out(other, reason),)
            continue
        findings += (*noticed, _merged(other, more) if rows.size == log.index.axis.size else _thinned(other, more, log))
        curves += [replace(curve, order=number) for curve in more]
        columns += [np.where(rows >= 0, column[rows], np.nan) for column in added]
    return curves, columns, tuple(dict.fromkeys(findings))


def _header(text: LasText, log: Definition, aliases: Aliases) -> LasHeader:
    definition, blocks = log
    header = read_header(text, definition, aliases=aliases, widths=possible_widths(blocks))
    if len(header.curves) < 2:
        found, expected = f"{len(header.curves)} curves", "a depth and at least one curve"
        raise refusal("no-curves", "~Curve section", found, expected, "correct the ~Curve section")
    return header


def possible_widths(blocks: Sequence[DataBlock]) -> frozenset[int]:
    """Return the numbers of cells that the first rows of data may have, by blanks and by each delimiter."""
    rows = [line for block in blocks for _, line in itertools.islice(block.lines(), WIDTH_ROWS)][:WIDTH_ROWS]
    counts = [Counter(len(row.split(mark)) for row in rows) for mark in (None, ",", ";", "\t")]
    return frozenset(count.most_common(1)[0][0] for count in counts if count) - {1}


def _rows_at(main: DepthIndex, other: DepthIndex, *, finer: bool) -> NDArray[np.int64] | None:
    """Return the row of another log at each depth of the main one, -1 where it has none.

    None if the depths are not the same; with `finer` if it lacks more than a few of them.
    """
    nearest = np.minimum(np.searchsorted(other.axis, main.axis - DEPTH_TOLERANCE), other.axis.size - 1)
    found = np.abs(other.axis[nearest] - main.axis) <= DEPTH_TOLERANCE
    same = other.axis.size == main.axis.size and found.all()
    if not same and not (finer and other.axis.size > main.axis.size and found.mean() >= MIN_COVERED):
        return None
    return np.where(found, nearest, -1)


def _summary(log: LasLog) -> str:
    names = ", ".join(curve.name for curve in log.header.curves[1:6]) + (" ..." if len(log.header.curves) > 6 else "")
    axis = log.index.axis
    return f"{names} at {axis.size} depths, {axis[0]:g}..{axis[-1]:g} m"


def _left_out(other: OtherLog, found: str) -> Finding:
    expected, remedy = "the same depths as the log that is read", f"skipped; {other.remedy}"
    return Finding(other.severity, "other-section", other.where, f"{other.name}: {found}", expected, remedy)


def _thinned(other: OtherLog, curves: Sequence[LasCurve], log: LasLog) -> Finding:
    found = f"{other.name}: {_shown(curves)} at {log.index.axis.size} depths"
    remedy = f"its samples at the depths of the log that is read are read with it; for all of them {other.remedy}"
    return Finding("info", "frame-thinned", other.where, found, "the same depths as the log that is read", remedy)


def _shown(curves: Sequence[LasCurve]) -> str:
    return f"{', '.join(curve.name for curve in curves[:8])}{' ...' if len(curves) > 8 else ''}"


def _merged(other: OtherLog, curves: Sequence[LasCurve]) -> Finding:
    found = f"{other.name}: {_shown(curves)}"
    remedy = "none needed: its depths are those of the first log, so its curves are read with it"
    return Finding("info", "sections-merged", other.where, found, "one data section", remedy)
