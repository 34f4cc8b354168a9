"""Data sections of a LAS file as one table; consecutive sections are concatenated, others are reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.las.data_table import LasTable, parse_table
from aemodels.io.las.file_sections import DataBlock, refusal
from aemodels.io.las.header import LasHeader


def read_blocks(blocks: Sequence[DataBlock], header: LasHeader) -> tuple[LasTable, tuple[Finding, ...]]:
    """Parse the data sections.

    Args:
        blocks: the data sections, at least one.
        header: the file's header.

    Returns:
        (table, findings): all rows if the sections have the same columns and continue in depth; otherwise the rows of
        the first non-empty section.

    Raises:
        UnreadableFileError: if there are no rows, or the first section's cells do not fit the curves.
    """
    filled = [block for block in blocks if next(block.lines(), None) is not None]
    if not filled:
        raise refusal("too-short", "~A section", "0 data lines", "at least 2", "check whether the file is complete")
    table = parse_table(filled[0], header)
    if len(table.columns[0]) < 2 and len(filled) == 1:
        found = f"{len(table.columns[0])} usable rows"
        raise refusal("too-short", "~A section", found, "at least 2", "check whether the file is complete")
    if len(blocks) == 1:
        return table, ()
    others = _tables(filled[1:], header)
    joined = others is not None and _continue([table, *others])
    remedy = (
        "their rows are concatenated, as their depths continue"
        if joined
        else "only the first is used: columns or depths differ; write one file per data section"
    )
    lines = ", ".join(str(block.title + 1) for block in blocks)
    finding = Finding(
        "warning", "several-data-sections", f"line {lines}", f"{len(blocks)} data sections", "one", remedy
    )
    return (_concatenated([table, *(others or ())]) if joined else table), (finding,)


def _tables(blocks: Sequence[DataBlock], header: LasHeader) -> list[LasTable] | None:
    try:
        return [parse_table(block, header) for block in blocks]
    except UnreadableFileError:
        return None


def _continue(tables: Sequence[LasTable]) -> bool:
    """Return True if all sections have the same text columns and their depths continue in one direction."""
    if len({table.text_columns for table in tables}) > 1 or any(not len(table.columns[0]) for table in tables):
        return False
    steps = np.diff(np.concatenate([table.columns[0] for table in tables]))
    return bool((steps > 0).all() or (steps < 0).all())


def _concatenated(tables: Sequence[LasTable]) -> LasTable:
    columns = [np.concatenate(parts) for parts in zip(*(table.columns for table in tables), strict=True)]
    starts = np.concatenate([row_lines(table) for table in tables])
    findings = tuple(finding for table in tables for finding in table.findings)
    return dataclasses.replace(tables[0], columns=columns, starts=starts, findings=findings)


def row_lines(table: LasTable) -> NDArray[np.int64]:
    """Return the index of the line on which each row starts: int64[row]."""
    if table.starts is not None:
        return table.starts
    return np.array(table.block.numbers(), dtype=np.int64)
