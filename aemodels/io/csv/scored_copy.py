"""Scored copies of CSV files: the file's own text with further columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.core.types import Recording, Scores
from aemodels.curves.tables import normal_unit
from aemodels.io.added_curves import AddedCurve, copy_differs, flag_curves
from aemodels.io.csv.dialect import BLANK, Dialect, find_dialect, fits, split_row
from aemodels.io.csv.header import header_cell
from aemodels.io.csv.table import SAMPLE_ROWS, without_unit
from aemodels.io.las.flagged_copy import format_values, free_names, samples_at
from aemodels.io.las.text_sections import MARK, decode, is_data, split_lines


def write_scored_csv(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Write a file's own text again with the columns that scoring adds (`flag_curves`).

    Delimiter, decimal mark, line ends, encoding and the text of every cell stay as they are; a column whose name the
    file has already gets a number. A missing value is an empty cell.

    Args:
        source: the file read; it is not changed.
        target: the file to write, in place.
        recording: the source as `read_csv` returns it.
        scores: of the recording.
        history: not written: a table has no place for it that other programs would skip.

    Raises:
        UnreadableFileError: if the copy does not read back as written.
    """
    del history
    text, codec = decode(source.read_bytes())
    added = _columns(flag_curves(scores), recording)
    lines = _extended(split_lines(text), added, recording)
    content = "".join(lines).encode(codec, errors="replace")
    _check(content, text, added, recording)
    target.write_bytes(content)


@dataclass(frozen=True, eq=False)
class _Added:
    """Cells to add: of the header row, of a row of units, and of each sample."""

    header: list[str]
    units: list[str]
    samples: list[tuple[str, ...]]


def _columns(curves: Sequence[AddedCurve], recording: Recording) -> _Added:
    layout = recording.headers
    names = free_names([curve.name for curve in curves], layout["columns"])
    bracket, dialect = "" if layout["unit_row"] else layout["unit_bracket"], _dialect(layout)
    blank = "" if dialect.delimiter == BLANK else " "
    header = [header_cell(name, curve.unit, bracket, blank) for name, curve in zip(names, curves, strict=True)]
    columns = [format_values(curve.values, dialect.missing) for curve in curves]
    if layout["decimal_mark"] == ",":
        columns = [[cell.replace(".", ",") for cell in column] for column in columns]
    quoted = [[_quoted(cell, layout["delimiter"]) for cell in column] for column in columns]
    units = [curve.unit or ("-" if dialect.delimiter == BLANK else "") for curve in curves]
    return _Added(header, units, list(zip(*quoted, strict=True)))


def _dialect(layout: Mapping[str, Any]) -> Dialect:
    return Dialect(layout["delimiter"], layout["decimal_mark"])


def _extended(lines: Sequence[str], added: _Added, recording: Recording) -> Iterator[str]:
    """Yield the lines with the added cells behind those of the file."""
    layout = recording.headers
    dialect, width = _dialect(layout), len(layout["columns"])
    table = [index for index, line in enumerate(lines) if is_data(line.removeprefix(MARK) if not index else line)]
    table = table[layout["lines_above"] :]
    bodies = {index: without_row_end(lines[index], layout["row_end"]) for index in table}
    rows = {index: split_row(body, dialect.delimiter) for index, body in bodies.items()}
    first = table[2 if layout["unit_row"] else 1 :]
    depths = [_depth(rows[index], layout, dialect) for index in first]
    samples = dict(zip(first, samples_at(layout["depth_factor"] * np.array(depths), recording.axis), strict=True))
    missing = [dialect.missing] * len(added.header)
    for index, line in enumerate(lines):
        if index not in rows:
            yield line
            continue
        cells: Sequence[str] = missing
        if index == table[0]:
            cells = added.header
        elif index not in samples:
            cells = added.units
        elif samples[index] >= 0:
            cells = added.samples[samples[index]]
        body = bodies[index]
        joint = "" if len(rows[index]) == width + 1 and not rows[index][-1] else dialect.delimiter
        yield body + joint + dialect.delimiter.join(cells) + line[len(body) :]


def without_row_end(line: str, mark: str) -> str:
    """Return a line without its end of line, and without a mark in front of it."""
    body = line.rstrip("\r\n")
    return body.rstrip().removesuffix(mark) if mark and body.rstrip().endswith(mark) else body


def _depth(cells: Sequence[str], layout: Mapping[str, Any], dialect: Dialect) -> float:
    if not fits(cells, len(layout["columns"])):
        return np.nan
    cell, unit = cells[layout["depth_column"]], normal_unit(layout["depth_unit_in_cells"])
    number = dialect.number(without_unit(cell, unit) if unit else cell)
    return np.nan if number is None else number


def _check(content: bytes, text: str, added: _Added, recording: Recording) -> None:
    """Split the copy again, by the dialect that its own rows show: the cells are those of the file and the added ones.

    Raises:
        UnreadableFileError: if they are not.
    """
    layout, width = recording.headers, len(recording.headers["columns"])
    before, after = (
        [without_row_end(line, layout["row_end"]) for line in split_lines(part.removeprefix(MARK)) if is_data(line)]
        for part in (text, decode(content)[0])
    )
    above = layout["lines_above"]
    dialect = find_dialect(after[above : above + SAMPLE_ROWS])
    if dialect != _dialect(layout) or before[:above] != after[:above]:
        raise copy_differs("file", f"the copy reads as {dialect}")
    known = {tuple(_unquoted(cell) for cell in cells) for cells in added.samples}
    known |= {tuple(added.header), tuple(added.units), (dialect.missing,) * len(added.header)}
    for number, (old, new) in enumerate(zip(before[above:], after[above:], strict=True), start=above):
        kept, cells = split_row(old, dialect.delimiter), split_row(new, dialect.delimiter)
        more = tuple(cells[-len(added.header) :]) if added.header else ()
        if kept[:width] != cells[: min(width, len(kept))] or (added.header and more not in known):
            raise copy_differs(f"row {number + 1}", f"cells {', '.join(cells)[:120]}")


def _unquoted(cell: str) -> str:
    return cell[1:-1] if cell.startswith('"') else cell


def _quoted(cell: str, delimiter: str) -> str:
    return f'"{cell}"' if delimiter in cell else cell
