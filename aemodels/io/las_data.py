"""The data block of a LAS file: strict cells, so that nothing slips through as a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aemodels.errors import UnreadableFileError
from aemodels.io.las_header import LasHeader, parse_number
from aemodels.io.las_text import LasText
from aemodels.types import Finding

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
RAGGED_LIMIT = 0.1  # beyond one bad row in ten the columns cannot be trusted
TEXT_LIMIT = 0.5  # a column most of whose cells are words is text, not a curve with gaps
MISSING_WORDS = frozenset({"", "nan", "null", "(null)", "none", "na", "n/a", "-", "--", "---", "----"})


@dataclass(frozen=True, eq=False)
class LasTable:
    """The parsed data block.

    Args:
        values: float64[row, column], NaN where a cell is no number; infinities are kept.
        text_columns: columns that hold words.
        lines: int64[row], 0-based index of the line on which each row starts.
        findings: what could not be used.
    """

    values: NDArray[np.float64]
    text_columns: frozenset[int]
    lines: NDArray[np.int64]
    findings: tuple[Finding, ...] = field(default=())


def parse_table(text: LasText, header: LasHeader, indices: Sequence[int]) -> LasTable:
    """Parse the data lines into a table.

    Args:
        text: the decoded file.
        header: its header; one column is expected per curve.
        indices: the lines that hold data.

    Returns:
        The table, rows with a wrong number of cells left out.

    Raises:
        UnreadableFileError: if the cells do not fit the curves.
    """
    width = len(header.curves)
    lines = [text.lines[index] for index in indices]
    if not header.wrapped:
        fast = _fast(lines, width, find_delimiter(lines, header))
        if fast is not None:
            return LasTable(fast, frozenset(), np.asarray(indices, dtype=np.int64))
    rows, starts, findings = collect_rows(lines, indices, header)
    columns, text_columns, cell_findings = _columns(rows, starts, header)
    values = np.stack(columns, axis=1) if rows else np.empty((0, width))
    return LasTable(values, text_columns, np.asarray(starts, dtype=np.int64), (*findings, *cell_findings))


def find_delimiter(lines: Sequence[str], header: LasHeader) -> str | None:
    """The delimiter declared, or the one that splits the first line into as many cells as there are curves."""
    if header.delimiter or not lines or header.wrapped:
        return header.delimiter
    width = len(header.curves)
    for mark in (",", "\t"):
        cells = lines[0].rstrip("\r\n").split(mark)
        # The first cell must be a depth: "100 50,5 2,3" has three parts at its commas, and they are no cells.
        if len(cells) == width and parse_number(cells[0]) is not None:
            return mark
    return None


def _fast(lines: Sequence[str], width: int, delimiter: str | None) -> NDArray[np.float64] | None:
    """The whole block through NumPy's C parser; None where any cell is not a number or any row is ragged."""
    if not lines:
        return None
    try:
        # comments=None: with "#" as a comment "1.#IND" in the last column would silently become 1.
        values = np.loadtxt(lines, ndmin=2, comments=None, delimiter=delimiter)
    except ValueError:
        return None
    return values if values.shape == (len(lines), width) else None


def split_cells(line: str, delimiter: str | None, width: int) -> list[str]:
    """Cells of one line; quoted text may hold the delimiter."""
    if delimiter:
        return [cell.strip() for cell in line.strip("\r\n").split(delimiter)]
    cells = line.split()
    return QUOTED.findall(line) if len(cells) != width and ('"' in line or "'" in line) else cells


def collect_rows(
    lines: Sequence[str], indices: Sequence[int], header: LasHeader
) -> tuple[list[list[str]], list[int], tuple[Finding, ...]]:
    """Rows of text cells, each of the right width, with the index of the line on which they start.

    Raises:
        UnreadableFileError: if too many rows have the wrong number of cells, or any does in a wrapped file.
    """
    width = len(header.curves)
    delimiter = find_delimiter(lines, header)
    split = [split_cells(line, delimiter, width) for line in lines]
    if header.wrapped:
        return *_unwrap(split, indices, width), ()
    ragged = [index for index, cells in zip(indices, split, strict=True) if len(cells) != width]
    findings = _ragged(ragged, split, width, indices)
    keep = [number for number, cells in enumerate(split) if len(cells) == width]
    return [split[number] for number in keep], [indices[number] for number in keep], findings


def _ragged(
    ragged: Sequence[int], split: Sequence[Sequence[str]], width: int, indices: Sequence[int]
) -> tuple[Finding, ...]:
    if not ragged:
        return ()
    cells = len(split[indices.index(ragged[0])])
    refuse = len(ragged) > max(RAGGED_LIMIT * len(split), 1)
    where = ", ".join(str(index + 1) for index in ragged[:5]) + (" ..." if len(ragged) > 5 else "")
    finding = Finding(
        "error" if refuse else "warning",
        "column-count" if refuse else "ragged-row",
        f"line {where}",
        f"{cells} cells in line {ragged[0] + 1}; {len(ragged)} of {len(split)} rows have a wrong number",
        f"{width} cells, one per curve of the ~Curve section",
        "separate run-on numbers, or mend the ~Curve section" + ("" if refuse else "; these rows are left out"),
    )
    if refuse:
        raise UnreadableFileError((finding,))
    return (finding,)


def _unwrap(split: Sequence[list[str]], indices: Sequence[int], width: int) -> tuple[list[list[str]], list[int]]:
    """Join the lines of a wrapped file into rows; a row must end where a line ends."""
    rows: list[list[str]] = []
    starts: list[int] = []
    row: list[str] = []
    for index, cells in zip(indices, split, strict=True):
        if not row:
            starts.append(index)
        row = row + cells
        if len(row) > width:
            raise UnreadableFileError((_wrap_error(index, len(row), width),))
        if len(row) == width:
            rows.append(row)
            row = []
    if row:
        raise UnreadableFileError((_wrap_error(indices[-1], len(row), width),))
    return rows, starts


def _wrap_error(index: int, cells: int, width: int) -> Finding:
    return Finding(
        "error",
        "column-count",
        f"line {index + 1}",
        f"a wrapped depth step of {cells} values",
        f"{width} values, one per curve of the ~Curve section, ending with a line",
        "export the file again, unwrapped",
    )


def _columns(
    rows: Sequence[Sequence[str]], starts: Sequence[int], header: LasHeader
) -> tuple[list[NDArray[np.float64]], frozenset[int], tuple[Finding, ...]]:
    columns, text_columns, findings = [], set(), []
    for number, curve in enumerate(header.curves):
        cells = [row[number] for row in rows]
        values, finding = _column(cells, starts, curve.name)
        columns.append(values)
        if finding is not None:
            findings.append(finding)
            if finding.code == "text-column":
                text_columns.add(number)
    return columns, frozenset(text_columns), tuple(findings)


def _column(cells: Sequence[str], starts: Sequence[int], name: str) -> tuple[NDArray[np.float64], Finding | None]:
    """Numbers of one column, and a finding where cells are none."""
    numbers = [parse_number(cell) for cell in cells]
    words = [row for row, value in enumerate(numbers) if value is None and cells[row].lower() not in MISSING_WORDS]
    missing = len([value for value in numbers if value is None])
    values = np.array([np.nan if value is None else value for value in numbers])
    if not missing:
        return values, None
    if words and all(DECIMAL_COMMA.fullmatch(cells[row]) for row in words) and not any("." in cell for cell in cells):
        values[words] = [float(cells[row].replace(",", ".")) for row in words]
        return values, _cell_finding("decimal-comma", words, cells, starts, name)
    if len(words) > TEXT_LIMIT * len(cells):
        return values, _cell_finding("text-column", words, cells, starts, name)
    odd = words or [row for row, value in enumerate(numbers) if value is None]
    return values, _cell_finding("unreadable-cell" if words else "missing-word", odd, cells, starts, name)


REMEDIES = {
    "decimal-comma": "the comma is read as a decimal mark; write a point",
    "text-column": "the column is left out, the others are used; leave text out of the data section",
    "unreadable-cell": "the cells are read as missing; write the file's NULL value",
    "missing-word": "the cells are read as missing; write the file's NULL value",
}


def _cell_finding(code: str, rows: Sequence[int], cells: Sequence[str], starts: Sequence[int], name: str) -> Finding:
    return Finding(
        "info" if code == "missing-word" else "warning",
        code,
        f"curve {name}, line {starts[rows[0]] + 1}",
        f"{cells[rows[0]]!r}; {len(rows)} of {len(cells)} cells are no plain numbers",
        "a number",
        REMEDIES[code],
    )
