"""The logs of one file: data sections with the curve sections that define them (LAS 3.0 may hold several)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import lasio.exceptions
import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.resolve import Aliases
from aemodels.io.las.data_sections import read_blocks
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.depth_index import DEPTH_TOLERANCE, DepthIndex, build_index
from aemodels.io.las.file_sections import DataBlock, LasFile, refusal
from aemodels.io.las.header import LasCurve, LasHeader, read_header
from aemodels.io.las.null_values import clean
from aemodels.io.las.text_sections import LasSection, LasText, definition_of

HEADER_ERRORS = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),  # lasio lets these through on broken headers
    *(lasio.exceptions.LASHeaderError, lasio.exceptions.LASDataError, lasio.exceptions.LASUnknownUnitError),
)
MAX_LOGS = 50  # each takes its own reading of the header

Definition = tuple[LasSection | None, list[DataBlock]]
Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LasLog:
    """Data sections that share one definition of their curves.

    Args:
        header: what the file's header and the definition say.
        table: all rows.
        index: their depths.
        findings: what was noticed about the sections.
    """

    header: LasHeader
    table: LasTable
    index: DepthIndex
    findings: tuple[Finding, ...]

    def take(self) -> tuple[list[LasCurve], list[Column], tuple[Finding, ...]]:
        """The numeric curves and their columns in the order of the axis, NULLs missing; the table is empty then.

        Raises:
            UnreadableFileError: if there is no numeric curve.
        """
        numbers = [n for n in range(1, len(self.header.curves)) if n not in self.table.text_columns]
        if not numbers:
            raise refusal("no-curves", "data", "text columns only", "a numeric curve", "export the file again")
        columns = [self.table.columns[number] for number in numbers]
        self.table.columns.clear()  # the file may be large: nothing is kept twice
        whole = np.array_equal(self.index.rows, np.arange(len(columns[0])))
        columns = columns if whole else [column[self.index.rows] for column in columns]
        found = clean(columns, self.header)
        findings = (*self.findings, *self.table.findings, *self.index.findings, *found)
        return [self.header.curves[number] for number in numbers], columns, findings


def find_logs(file: LasFile) -> list[Definition]:
    """The file's logs in its order: each definition of curves and the data sections that name or follow it.

    Raises:
        UnreadableFileError: if there is none, or far more than any file has.
    """
    text = file.header
    if not text.sections:
        raise refusal("not-las", "file", "no line that starts with '~'", "a LAS file", "check what the file is")
    if not file.blocks:
        kinds = ", ".join(text.lines[section.title].strip()[:40] for section in text.sections[:8])
        remedy = "export the file again with its data"
        raise refusal("no-data", "file", f"sections {kinds}", "an ~A data section", remedy)
    parts: dict[int, Definition] = {}
    for section, block in zip(text.of_kind("A"), file.blocks, strict=True):
        definition = definition_of(text, section)
        parts.setdefault(-1 if definition is None else definition.title, (definition, []))[1].append(block)
    if len(parts) > MAX_LOGS:
        found = f"{len(parts)} curve sections with data"
        raise refusal("header-too-large", "header", found, f"at most {MAX_LOGS}", "write one file per log")
    return list(parts.values())


def read_log(file: LasFile, part: Definition, aliases: Aliases) -> LasLog:
    """Read one of a file's logs.

    Raises:
        UnreadableFileError: if it is no usable log.
    """
    definition, blocks = part
    header = _header(file.header, definition)
    table, findings = read_blocks(blocks, header)
    return LasLog(header, table, build_index(header, table, aliases), findings)


def add_logs(
    file: LasFile, main: LasLog, others: Sequence[tuple[int, Definition]], aliases: Aliases
) -> tuple[list[LasCurve], list[Column], tuple[Finding, ...]]:
    """A log's curves, and beside them those of the file's other logs on the same depths.

    Args:
        file: the file.
        main: the log that was asked for.
        others: number (from 1) and definition of each other log.
        aliases: the tables of names and units.

    Returns:
        (curves, columns in the order of the main axis, findings that tell what became of each log).
    """
    curves, columns, findings = main.take()
    for number, part in others:
        where = f"line {part[1][0].title + 1}"
        try:
            other = read_log(file, part, aliases)
            if not _same_depths(main.index, other.index):
                findings += (_other_section(where, number, _summary(other)),)
                continue
            more, added, noticed = other.take()
        except UnreadableFileError as error:
            reason = next((f"{f.code}: {f.found}" for f in error.findings if f.severity == "error"), "no usable log")
            findings += (_other_section(where, number, reason),)
            continue
        findings += (*noticed, _merged(where, number, more))
        curves += [replace(curve, order=number) for curve in more]
        columns += added
    return curves, columns, tuple(dict.fromkeys(findings))


def _header(text: LasText, definition: LasSection | None) -> LasHeader:
    try:
        header = read_header(text, definition)
    except HEADER_ERRORS as error:
        found = f"{type(error).__name__}: {error}"
        raise refusal("bad-header", "header", found, "a LAS header", "mend the header") from error
    if len(header.curves) < 2:
        found, expected = f"{len(header.curves)} curves", "a depth and at least one curve"
        raise refusal("no-curves", "~Curve section", found, expected, "mend the ~Curve section")
    return header


def _same_depths(first: DepthIndex, second: DepthIndex) -> bool:
    return first.axis.size == second.axis.size and bool(np.abs(first.axis - second.axis).max() <= DEPTH_TOLERANCE)


def _summary(part: LasLog) -> str:
    names = ", ".join(curve.name for curve in part.header.curves[1:6]) + (" ..." if len(part.header.curves) > 6 else "")
    axis = part.index.axis
    return f"{names} at {axis.size} depths, {axis[0]:g}..{axis[-1]:g} m"


def _other_section(where: str, number: int, found: str) -> Finding:
    remedy = f"left out; read it by itself, `read_las(path, section={number})`, or write one file per log"
    return Finding("warning", "other-section", where, f"log {number}: {found}", "the depths of the log read", remedy)


def _merged(where: str, number: int, curves: Sequence[LasCurve]) -> Finding:
    found = f"log {number}: {', '.join(curve.name for curve in curves[:8])}{' ...' if len(curves) > 8 else ''}"
    remedy = "none needed: same depths, so they are read beside the first log's curves"
    return Finding("info", "sections-merged", where, found, "one data section", remedy)
