"""The LAS reader: a file becomes a Recording with canonical curves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import lasio.exceptions
import numpy as np
from numpy.typing import NDArray

from aemodels.errors import UnreadableFileError
from aemodels.io.las_curves import STANDARD_NULLS, to_channels
from aemodels.io.las_data import LasTable, parse_table
from aemodels.io.las_depth import DepthIndex, build_index
from aemodels.io.las_header import LasHeader, read_header
from aemodels.io.las_text import LasText, parse_text
from aemodels.types import Finding, Recording, Source

HEADER_ERRORS = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),  # lasio lets these through on broken headers
    *(lasio.exceptions.LASHeaderError, lasio.exceptions.LASDataError, lasio.exceptions.LASUnknownUnitError),
)


@dataclass(frozen=True)
class _Columns:
    """Data columns in the recording's order of samples: values float64[sample, column], NaN = missing."""

    values: NDArray[np.float64]
    findings: tuple[Finding, ...]


def read_las(path: Path) -> Recording:
    """Read a LAS file (1.2, 2.0, the log sections of 3.0; wrapped or not).

    Args:
        path: the file.

    Returns:
        A recording of kind "logs": canonical curves first, in canonical units, then the other numeric curves under
        their own names. Findings tell what was converted, left out or doubtful.

    Raises:
        UnreadableFileError: if the file holds no usable log.
        OSError: if it cannot be opened.
    """
    data = path.read_bytes()
    text = parse_text(data)
    header, indices, findings = _structure(text)
    table = parse_table(text, header, indices)
    index = build_index(header, table)
    columns = _columns(header, table, index)
    numbers = [number for number in range(1, len(header.curves)) if number not in table.text_columns]
    if not numbers:
        raise _unreadable("no-curves", "data", "text columns only", "a numeric curve", "export the file again")
    values, channels, curve_findings = to_channels(
        [header.curves[number] for number in numbers], [columns.values[:, number] for number in numbers]
    )
    return Recording(
        values=values,
        axis=index.axis,
        channels=channels,
        kind="logs",
        source=Source(str(path), hashlib.sha256(data).hexdigest()),
        name=header.well.get("WELL", "") or path.stem,
        headers={"well": dict(header.well), "encoding": text.codec, "depth_unit": header.curves[0].unit},
        findings=(*findings, *table.findings, *index.findings, *columns.findings, *curve_findings),
    )


def _structure(text: LasText) -> tuple[LasHeader, list[int], tuple[Finding, ...]]:
    """Header and data lines, refused where a file lacks either."""
    if not text.sections:
        raise _unreadable("not-las", "file", "no line that starts with '~'", "a LAS file", "check what the file is")
    data = text.of_kind("A")
    if not data:
        kinds = ", ".join(text.lines[section.title].strip() for section in text.sections[:8])
        raise _unreadable(
            "no-data", "file", f"sections {kinds}", "an ~A data section", "export the file again with its data"
        )
    try:
        header = read_header(text)
    except HEADER_ERRORS as error:
        found = f"{type(error).__name__}: {error}"
        raise _unreadable("bad-header", "header", found, "a LAS header", "mend the header") from error
    if len(header.curves) < 2:
        found = f"{len(header.curves)} curves"
        raise _unreadable(
            "no-curves", "~Curve section", found, "a depth and at least one curve", "mend the ~Curve section"
        )
    indices = text.data_lines(data[0])
    if len(indices) < 2:
        found = f"{len(indices)} data lines"
        raise _unreadable("too-short", "~A section", found, "at least 2", "check whether the file is whole")
    return header, indices, _section_findings(text)


def _section_findings(text: LasText) -> tuple[Finding, ...]:
    data = text.of_kind("A")
    if len(data) < 2:
        return ()
    lines = ", ".join(str(section.title + 1) for section in data)
    remedy = "only the first is used; write one file per data section"
    return (Finding("warning", "several-data-sections", f"line {lines}", f"{len(data)} ~A sections", "one", remedy),)


def _columns(header: LasHeader, table: LasTable, index: DepthIndex) -> _Columns:
    """Rows in order, NULL values and infinities made missing."""
    values = table.values[index.rows]
    findings = []
    null = header.number("NULL")
    if null is None:
        missing = np.isin(values, STANDARD_NULLS)
        shown = ", ".join(f"{value:g}" for value in STANDARD_NULLS)
        found = f"no number ({header.well.get('NULL', '')!r}); {int(missing.sum())} values are {shown}"
        findings.append(
            Finding(
                "warning", "null-missing", "NULL", found, "the value that marks missing", "these are read as missing"
            )
        )
    else:
        missing = values == null
        # A writer with fewer decimals prints -999.25 as -999.2 or -999.3: the same mark, rounded.
        rounded = np.isin(values, [round(null, 1), round(null - 1e-9, 1), round(null + 1e-9, 1)]) & ~missing
        if rounded[:, 1:].any() and abs(null) >= 999:
            found = f"{int(rounded[:, 1:].sum())} values are NULL rounded to one decimal"
            findings.append(Finding("warning", "null-rounded", "data", found, f"{null:g}", "these are read as missing"))
            missing |= rounded
    values[missing] = np.nan
    infinite = np.isinf(values)
    if infinite.any():
        found = f"{int(infinite.sum())} infinite values"
        findings.append(Finding("warning", "infinite", "data", found, "finite values", "these are read as missing"))
        values[infinite] = np.nan
    return _Columns(values, tuple(findings))


def _unreadable(code: str, where: str, found: str, expected: str, remedy: str) -> UnreadableFileError:
    return UnreadableFileError((Finding("error", code, where, found, expected, remedy),))
