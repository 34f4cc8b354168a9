"""Copy of the lines of a LAS file with added curves and a history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray, Recording
from aemodels.io.added_curves import AddedCurve
from aemodels.io.las.cells.row_splitter import RowSplitter, remark_start
from aemodels.io.las.data_sections import row_lines
from aemodels.io.las.data_table import LasTable, unwrap_rows
from aemodels.io.las.depth_index import DEPTH_TOLERANCE, depth_factor
from aemodels.io.las.header import LasHeader, parse_number
from aemodels.io.las.text_sections import MARK, LasSection, LasText, definition_of, is_data

NULL = "-999.25"
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class _Edits:
    """Changes by line index: texts to insert after a line, and lines to replace."""

    after: dict[int, list[str]] = field(default_factory=dict)
    replaced: dict[int, str] = field(default_factory=dict)

    def apply(self, lines: Sequence[str], newline: str) -> list[str]:
        result: list[str] = []
        for index, line in enumerate(lines):
            text = self.replaced.get(index, line)
            added = self.after.get(index, [])
            closed = text if not added or text.endswith(("\r", "\n")) else text + newline
            result += [closed, *(extra + newline for extra in added)]
        return result


def format_values(values: FloatArray, null: str) -> list[str]:
    """Format each float32 with the fewest digits that read back as the same float32; NaN as `null`."""
    formatted: list[str] = _texts(values, null).to_pylist()
    return formatted


def _texts(values: FloatArray, null: str) -> pa.StringArray:
    """Return the values as text, as of `format_values`, by Arrow, which is three times as fast as NumPy."""
    texts = pa.array(np.asarray(values, dtype=np.float32), mask=np.isnan(values)).cast(pa.string())
    whole = pc.match_substring_regex(texts, r"^-?[0-9]+$")
    return pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts).fill_null(null)


def one_line(text: str) -> str:
    """Return text without line ends and colons, for a header line."""
    return re.sub(r"\s+", " ", text.replace(":", ";")).strip()


def plain_mnemonic(name: str) -> str:
    """Return a mnemonic with "_" for the characters that LAS does not allow in one."""
    return re.sub(r"[\s.:~#]", "_", name)


def curve_line(name: str, unit: str, description: str) -> str:
    """Return a line of the ~Curve section; invalid characters of the mnemonic become "_"."""
    closed = re.sub(r"\s", "", unit)
    return f" {plain_mnemonic(name)}.{closed} : {one_line(description)}"


def flagged_lines(
    text: LasText, rows: FileRows, added: Sequence[AddedCurve], recording: Recording, history: str
) -> list[str]:
    """Return the lines of a file with added curves and history.

    Args:
        text: the file; it has an ~A and a ~Curve section.
        rows: its header and rows as the reader reads them.
        added: the curves to add.
        recording: the file as read; its axis is the depth of the curves.
        history: text of the history.

    Returns:
        All lines with their line ends.
    """
    header = rows.header
    names = free_names([curve.name for curve in added], [curve.mnemonic for curve in header.curves])
    sections = [section for section in text.of_kind("A") if rows.within(section)]
    edits = _Edits()
    curve_section = definition_of(text, sections[0]) or text.of_kind("C")[0]
    edits.after[_last_line(text, curve_section)] = [
        curve_line(name, curve.unit, curve.description) for name, curve in zip(names, added, strict=True)
    ]
    _add_history(text, sections[0], history, edits)
    null = header.well.get("NULL", "")
    missing = null if parse_number(null) is not None else NULL
    columns = [_aligned(_texts(curve.values, missing)) for curve in added]
    for section in sections:
        _name_columns(text, section, names, header, edits)
        if rows.table.wrapped:
            _unwrap(text, section, header, edits)
    _extend_rows(text, rows, sections, _Cells(columns, names, missing, rows.samples(recording)), edits)
    return edits.apply(text.lines, text.newline)


@dataclass(frozen=True, eq=False)
class FileRows:
    """The rows of a file as the reader reads them.

    Args:
        header: header of the log.
        table: its columns, in the order of the file.
    """

    header: LasHeader
    table: LasTable

    @cached_property
    def lines(self) -> NDArray[np.int64]:
        """Index of the line on which each row starts: int64[row]."""
        return row_lines(self.table)

    def within(self, section: LasSection) -> bool:
        """Return True if the section holds any of the rows."""
        return bool(((self.lines > section.title) & (self.lines < section.stop)).any())

    def samples(self, recording: Recording) -> dict[int, int]:
        """Return the sample of each line on which a row starts; -1 for a row that the reader skipped."""
        return dict(zip(self.lines.tolist(), self.row_samples(recording).tolist(), strict=True))

    def row_samples(self, recording: Recording) -> NDArray[np.int64]:
        """Return the sample of each row, int64[row]; -1 for a row that the reader skipped."""
        known = recording.headers.get("depth_factor")
        factor = depth_factor(self.header)[0] if known is None else float(known)
        depth = factor * self.table.columns[int(recording.headers.get("depth_column", 0))]
        return samples_at(depth, recording.axis)


@dataclass(frozen=True, eq=False)
class _Cells:
    """New cells: ASCII texts bytes[sample] of each curve, their names, a missing value, and the sample of each line."""

    columns: list[NDArray[np.bytes_]]
    names: list[str]
    missing: str
    samples: dict[int, int]


def free_names(wanted: Sequence[str], present: Sequence[str]) -> list[str]:
    """Return names that the file does not have yet: a second run over a flagged file adds GR_DN_2 beside GR_DN."""
    taken = {name.upper() for name in present}
    names = []
    for name in wanted:
        number, free = 2, name
        while free.upper() in taken:
            free, number = f"{name}_{number}", number + 1
        taken.add(free.upper())
        names.append(free)
    return names


def _last_line(text: LasText, section: LasSection) -> int:
    """Return the index of the last non-blank line of a section, or of its title."""
    return max((index for index in section.body if is_data(text.lines[index])), default=section.title)


def _add_history(text: LasText, data: LasSection, history: str, edits: _Edits) -> None:
    # A leading "~" would start a section, a leading "#" a comment.
    lines = [" " + re.sub(r"^[~#]+", "", line.strip()) for line in history.splitlines() if line.strip()]
    other = text.of_kind("O")
    if other and data.titled:
        edits.after.setdefault(_last_line(text, other[0]), []).extend(lines)
    elif data.titled:
        edits.after.setdefault(data.title - 1, []).extend(["~Other", *lines])
    else:
        edits.after.setdefault(data.title, []).extend(["~Other", *lines, "~A"])


def _name_columns(text: LasText, data: LasSection, names: Sequence[str], header: LasHeader, edits: _Edits) -> None:
    """Add the new columns to the ~A line if it lists the columns."""
    title = text.lines[data.title]
    if len(title.replace(MARK, "").split()) == len(header.curves) + 1 and "|" not in title:
        body = title.rstrip("\r\n")
        edits.replaced[data.title] = " ".join([body, *names]) + title[len(body) :]


def _aligned(column: pa.StringArray) -> NDArray[np.bytes_]:
    """Return ASCII texts of one length, filled with blanks before."""
    width = pc.max(pc.binary_length(column)).as_py() or 1
    padded = pc.utf8_lpad(column, width)
    return np.frombuffer(padded.buffers()[2], dtype=f"S{width}", count=len(padded))


def _rows(columns: Sequence[NDArray[np.bytes_]], separator: str) -> list[str]:
    """Return the cells of each sample in one text, each after a separator of one character."""
    rows: list[str] = []
    for first in range(0, len(columns[0]) if columns else 0, _ROWS_AT_ONCE):
        block = [column[first : first + _ROWS_AT_ONCE] for column in columns]
        size = len(block[0])
        before, end = (np.full((size, 1), mark, dtype="S1") for mark in (separator.encode(), b"\n"))
        characters = [part for cells in block for part in (before, cells.view("S1").reshape(size, -1))]
        rows += np.concatenate([*characters, end], axis=1).tobytes().decode("ascii").split("\n")[:-1]
    return rows


def _unwrap(text: LasText, data: LasSection, header: LasHeader, edits: _Edits) -> None:
    """Put each wrapped depth step on one line with its cells unchanged, and set WRAP to NO."""
    indices = text.data_lines(data)
    rows, starts = unwrap_rows([text.lines[index] for index in indices], indices, header)
    edits.replaced.update(dict.fromkeys(indices, ""))
    edits.replaced.update({start: " ".join(cells) + text.newline for start, cells in zip(starts, rows, strict=True)})
    for section in text.of_kind("V"):
        for index in section.body:
            edits.replaced[index] = re.sub(r"(?i)^(\s*WRAP\s*\.\s*)YES", r"\1NO", text.lines[index])


def _extend_rows(text: LasText, rows: FileRows, sections: Sequence[LasSection], cells: _Cells, edits: _Edits) -> None:
    if not cells.columns:
        return
    table, width = rows.table, len(rows.header.curves)
    delimiter = None if table.wrapped else table.delimiter
    indices = [i for section in sections for i in text.data_lines(section) if edits.replaced.get(i) != ""]
    lines = [edits.replaced.get(index, text.lines[index]) for index in indices]
    splitter = RowSplitter(lambda: lines, delimiter, width)
    separator = delimiter or ("\t" if lines and "\t" in lines[0].strip() else " ")
    added = _rows(cells.columns, separator)
    added.append((separator + cells.missing) * len(cells.columns))  # sample -1
    if separator != " ":
        added = [row.replace(" ", "") for row in added]
    missing = cells.missing
    if table.decimal == ",":
        added, missing = [row.replace(".", ",") for row in added], missing.replace(".", ",")
    first = int(rows.lines.min())
    for index, line in zip(indices, lines, strict=True):
        body = line.rstrip("\r\n")
        body = body[: remark_start(body, delimiter, width)]
        end = line[len(body) :]
        if delimiter:
            body = _without_last_delimiters(body, delimiter, width)
        elif len(body.split()) < width:
            body = splitter.filled(body, missing)
        is_title = index < first and index not in cells.samples
        more = separator + separator.join(cells.names) if is_title else added[cells.samples.get(index, -1)]
        edits.replaced[index] = body + more + end


def _without_last_delimiters(body: str, delimiter: str, width: int) -> str:
    """Return a line without the delimiters behind its last cell."""
    parts = body.split(delimiter)
    extra = len(parts) - width
    return delimiter.join(parts[:width]) if extra > 0 and not "".join(parts[width:]).strip() else body


def samples_at(depth: NDArray[np.float64], axis: AxisArray) -> NDArray[np.int64]:
    """Return the sample of each row by its depth.

    Args:
        depth: float64[row] in m, NaN for a row without one.
        axis: float64[sample] in m, increasing.

    Returns:
        int64[row]; -1 if no sample has this depth, and for all but the first row of a depth, as in the readers.
    """
    right = np.clip(np.searchsorted(axis, depth), 0, axis.size - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(axis[left] - depth) < np.abs(axis[right] - depth), left, right)
    fits = np.abs(axis[nearest] - depth) <= DEPTH_TOLERANCE
    _, first = np.unique(np.where(fits, nearest, -1), return_index=True)
    used = np.zeros(len(depth), dtype=np.bool_)
    used[first] = True
    return np.where(fits & used, nearest, -1)
