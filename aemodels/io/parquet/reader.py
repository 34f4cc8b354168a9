"""The Parquet reader: a table of well logs becomes a Recording with canonical curves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aemodels.core.types import Recording, Source
from aemodels.curves.tables import load_aliases
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.data_table import as_table_of_columns
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.null_values import drop_usual_nulls
from aemodels.io.left_out import left_out_findings
from aemodels.io.log_table import LogTable
from aemodels.io.parquet.columns import COLUMNS, ParquetColumns, as_numbers, read_columns


def read_parquet(path: Path, *, aliases: Path | None = None) -> Recording:
    """Read well logs from a Parquet file: one row per depth, a depth column and curves.

    Units stand in the metadata of the columns or in their names (`read_columns`). Nulls, NaN and the usual NULL values
    are missing.

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
    sha256 = sha256_file(path)
    with open_parquet(path) as file:
        layout = read_columns(file, tables)
        table = file.read(use_threads=False)
        columns = [as_numbers(table.column(place)) for place in layout.places]
        well = _well(table, layout)
        del table
    findings = (
        *layout.findings,
        *left_out_findings(COLUMNS, layout.arrays, layout.texts, tables),
        *drop_usual_nulls(columns, "a null"),
    )
    order = [layout.depth, *(n for n in range(len(columns)) if n != layout.depth)]
    rows = as_table_of_columns([columns[n] for n in order], "row")
    del columns  # the file may be large: nothing is kept twice
    headers = {
        "well": {"WELL": well} if well else {},
        "encoding": "",
        "depth_place": layout.places[layout.depth],
    }
    logs = LogTable([layout.curves[n] for n in order], rows, range(1, len(order)), findings, headers)
    return logs.recording(Source(str(path), sha256), well or path.stem, tables)


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file.

    Raises:
        UnreadableFileError: if it is not one, or damaged; also if that shows while it is read.
        OSError: if it cannot be opened.
    """
    with path.open("rb") as stream:
        try:
            with pq.ParquetFile(stream) as file:
                yield file
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = str(error).split("\n")[0][:160] or type(error).__name__
            remedy = "check what the file is, and whether it is complete"
            raise refusal(
                "not-parquet", "file", f"a table that cannot be decoded: {reason}", "a Parquet file", remedy
            ) from error


def _well(table: pa.Table, layout: ParquetColumns) -> str:
    """Return the name of the well that a column gives; "" if none does.

    Raises:
        UnreadableFileError: if it gives several.
    """
    if layout.well is None:
        return ""
    names = [str(name).strip() for name in table.column(layout.well).unique().to_pylist() if name not in (None, "")]
    if len(names) > 1:
        found = f"wells {', '.join(repr(name[:80]) for name in names[:3])}{' ...' if len(names) > 3 else ''}"
        raise refusal("several-wells", COLUMNS, found, "rows of one well", "write one file per well")
    return names[0] if names else ""
