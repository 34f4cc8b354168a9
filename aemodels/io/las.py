"""The LAS reader: a file becomes a Recording with canonical curves."""

from __future__ import annotations

import hashlib
from pathlib import Path

import lasio.exceptions
import numpy as np

from aemodels.curves.resolve import Aliases, load_aliases
from aemodels.io.las_blocks import read_blocks
from aemodels.io.las_curves import to_channels
from aemodels.io.las_data import LasTable
from aemodels.io.las_depth import DepthIndex, build_index
from aemodels.io.las_file import LasFile, refusal, refuse_bombs, split_file
from aemodels.io.las_header import LasHeader, read_header
from aemodels.io.las_null import clean
from aemodels.types import Channel, Finding, FloatArray, Recording, Source

HEADER_ERRORS = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),  # lasio lets these through on broken headers
    *(lasio.exceptions.LASHeaderError, lasio.exceptions.LASDataError, lasio.exceptions.LASUnknownUnitError),
)


def read_las(path: Path, *, aliases: Path | None = None) -> Recording:
    """Read a LAS file (1.2, 2.0, the log sections of 3.0; wrapped or not).

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units that goes before the built-in one.

    Returns:
        A recording of kind "logs": canonical curves first, in canonical units, then the other numeric curves under
        their own names. Findings tell what was converted, left out or doubtful.

    Raises:
        UnreadableFileError: if the file holds no usable log.
        SpecError: if the aliases file is none.
        OSError: if it cannot be opened.
    """
    tables = load_aliases(override=aliases)
    refuse_bombs(path)
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    file = split_file(data)
    del data  # it may be there in another encoding now
    header = _header(file)
    table, findings = read_blocks(file.blocks, header)
    index = build_index(header, table, tables)
    values, channels, curve_findings = _channels(header, table, index, tables)
    return Recording(
        values=values,
        axis=index.axis,
        channels=channels,
        kind="logs",
        source=Source(str(path), sha256),
        name=header.well.get("WELL", "") or path.stem,
        headers={"well": dict(header.well), "encoding": file.codec, "depth_unit": header.curves[0].unit},
        findings=(*findings, *table.findings, *index.findings, *curve_findings),
    )


def _header(file: LasFile) -> LasHeader:
    """The header, refused where there is none or no data."""
    text = file.header
    if not text.sections:
        raise refusal("not-las", "file", "no line that starts with '~'", "a LAS file", "check what the file is")
    if not file.blocks:
        kinds = ", ".join(text.lines[section.title].strip()[:40] for section in text.sections[:8])
        remedy = "export the file again with its data"
        raise refusal("no-data", "file", f"sections {kinds}", "an ~A data section", remedy)
    try:
        header = read_header(text)
    except HEADER_ERRORS as error:
        found = f"{type(error).__name__}: {error}"
        raise refusal("bad-header", "header", found, "a LAS header", "mend the header") from error
    if len(header.curves) < 2:
        found, expected = f"{len(header.curves)} curves", "a depth and at least one curve"
        raise refusal("no-curves", "~Curve section", found, expected, "mend the ~Curve section")
    return header


def _channels(
    header: LasHeader, table: LasTable, index: DepthIndex, aliases: Aliases
) -> tuple[FloatArray, tuple[Channel, ...], tuple[Finding, ...]]:
    """The numeric columns in the axis' order of samples, without NULLs and infinities, as channels."""
    numbers = [number for number in range(1, len(header.curves)) if number not in table.text_columns]
    if not numbers:
        raise refusal("no-curves", "data", "text columns only", "a numeric curve", "export the file again")
    columns = [table.columns[number] for number in numbers]
    table.columns.clear()  # the file may be large: nothing is kept twice
    whole = np.array_equal(index.rows, np.arange(len(columns[0])))
    columns = columns if whole else [column[index.rows] for column in columns]
    found = clean(columns, header)
    values, channels, findings = to_channels([header.curves[number] for number in numbers], columns, aliases)
    return values, channels, (*found, *findings)
