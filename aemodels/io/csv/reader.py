"""The CSV reader: a table of well logs becomes a Recording with canonical curves."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from aemodels.core.types import Recording, Source
from aemodels.curves.tables import load_aliases
from aemodels.io.csv.header import HEADER_ROW, CsvHeader
from aemodels.io.csv.table import CsvFile, open_csv, read_table
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.file_sections import FILE_LIMIT, refusal
from aemodels.io.las.null_values import drop_usual_nulls
from aemodels.io.log_table import LogTable


def read_csv(path: Path, *, aliases: Path | None = None) -> Recording:
    """Read well logs from delimited text: one header row, one row per depth.

    The delimiter (comma, semicolon, tab, | or blanks) and the decimal mark are decided from many rows. Units stand in
    the header cells, "GR (gAPI)", or in a row of their own below. Empty cells and the usual NULL values are missing;
    lines that start with "#" are comments; titles above the header row are skipped. Units may also stand behind the
    numbers, and rows may end in a mark that delimits nothing.

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units that takes precedence over the built-in one.

    Returns:
        A recording of kind "logs", as `aemodels.io.las.reader.read_las` returns it. Its name is that of the well if a
        column gives it, else the file's.

    Raises:
        UnreadableFileError: if the file holds no usable table.
        SpecError: if the aliases file is not one.
        OSError: if it cannot be opened.
    """
    tables = load_aliases(override=aliases)
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise refusal("too-large", "file", f"{size / 1e9:.1f} GB", "at most 2 GiB", "split the file into depth ranges")
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    file = open_csv(data, tables)
    del data  # it may be there in another encoding now
    table, well = read_table(file)
    curves = [file.header.curves[number] for number in file.header.order]
    findings = (*file.header.findings, *table.findings, *drop_usual_nulls(table.columns, "an empty cell"))
    logs = LogTable(curves, table, _numeric(file.header, table), findings, _headers(file))
    return logs.recording(Source(str(path), sha256), well or path.stem, tables)


def _headers(file: CsvFile) -> dict[str, object]:
    """Return the header fields, with the layout that the scored copy extends."""
    return {
        "well": {},
        "encoding": file.codec,
        "delimiter": file.dialect.delimiter,
        "decimal_mark": file.dialect.decimal,
        "columns": [curve.mnemonic for curve in file.header.curves],
        "depth_column": file.header.depth,
        "unit_row": file.header.unit_row,
        "lines_above": file.above,
        "row_end": file.row_end,
        "depth_unit_in_cells": file.header.cell_units.get(file.header.depth, ""),
        "unit_bracket": file.header.bracket,
    }


def _numeric(header: CsvHeader, table: LasTable) -> list[int]:
    """Return the positions in the table of the curves; a column without name and values is not one.

    Raises:
        UnreadableFileError: if there is none.
    """
    empty = {
        number
        for number, column in enumerate(header.order)
        if column in header.unnamed and np.isnan(table.columns[number]).all()
    }
    numbers = [n for n in range(1, len(header.order)) if n not in table.text_columns and n not in empty]
    if not numbers:
        found = "no column of numbers beside the depth"
        raise refusal("no-curves", HEADER_ROW, found, "a numeric curve", "export the file again with its curves")
    return numbers
