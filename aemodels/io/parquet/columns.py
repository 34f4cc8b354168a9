"""Columns of a Parquet file: names, units, and which of them holds the depth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aemodels.core.findings import Finding
from aemodels.curves.tables import Aliases
from aemodels.io.csv.header import MAX_COLUMNS, WELL_COLUMNS, choose_depth, parse_name, unique_names
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.header import LasCurve

COLUMNS = "columns"  # the part of the file that describes its curves
UNIT_KEYS = (b"unit", b"units", b"uom", b"UNIT", b"UNITS")
TEXT_KEYS = (b"description", b"descr", b"comment")
MAX_CELLS = 250_000_000  # 2 GB as float64
OUR_SCORES = frozenset({"sha256", "score", "threshold", "is_anomaly", "reason"})
REMEDY = "check what the file is"


@dataclass(frozen=True)
class ParquetColumns:
    """The columns of a file.

    Args:
        curves: one per column that can be a number, in the file's order.
        places: number of each of them among all columns.
        depth: index among `curves` of the depth.
        well: number among all columns of the one that names the well; None if there is none.
        arrays: columns of lists or structures.
        texts: columns of text, times or bytes.
        findings: what was chosen.
    """

    curves: tuple[LasCurve, ...]
    places: tuple[int, ...]
    depth: int
    well: int | None
    arrays: tuple[str, ...]
    texts: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_columns(file: pq.ParquetFile, aliases: Aliases) -> ParquetColumns:
    """Describe the columns of an open file.

    Units stand in the metadata of a column (`unit`, `units`, `uom`), in its name, "GR [gAPI]", or in
    `DataFrame.attrs["units"]`, which pandas stores.

    Raises:
        UnreadableFileError: if there is no depth or no curve, or the file is too large or holds our own scores.
    """
    schema, rows = file.schema_arrow, file.metadata.num_rows
    if len(schema) > MAX_COLUMNS:
        raise refusal("header-too-large", COLUMNS, f"{len(schema)} columns", f"at most {MAX_COLUMNS}", REMEDY)
    if rows * len(schema) > MAX_CELLS:
        raise refusal("too-large", "file", f"{rows} rows of {len(schema)} columns", "at most 2 GB", "split the file")
    if set(schema.names) >= OUR_SCORES:
        found, expected = "scores that sondeflow wrote", "logs"
        raise refusal("scores-table", COLUMNS, found, expected, "give the file that was scored")
    kinds = [_kind(schema_field.type) for schema_field in schema]
    attributes = _pandas_units(schema.metadata or {})
    described = [_described(schema_field, attributes, aliases) for schema_field in schema]
    well = next((n for n, (name, _, _) in enumerate(described) if name.upper() in WELL_COLUMNS), None)
    places = tuple(n for n, kind in enumerate(kinds) if kind == "number" and n != well)
    unique = unique_names([described[n][0] or f"column {n + 1}" for n in places])
    curves = tuple(
        LasCurve(name, described[n][0], *described[n][1:], section=COLUMNS)
        for n, name in zip(places, unique, strict=True)
    )
    depth, findings = choose_depth(curves, COLUMNS, aliases)
    if depth is None:
        found = f"columns {', '.join(schema.names)[:80]}"
        remedy = "name the depth column, with its unit, as in DEPTH [m]; or add its name to your SONDEFLOW_ALIASES"
        raise refusal("no-depth-index", COLUMNS, found, "a depth column: DEPTH, DEPT, MD ...", remedy)
    if len(curves) < 2:
        raise refusal("no-curves", COLUMNS, "no column of numbers beside the depth", "a numeric curve", REMEDY)
    arrays, texts = (
        tuple(schema.names[n] for n, found in enumerate(kinds) if found == kind and n != well)
        for kind in ("array", "text")
    )
    return ParquetColumns(curves, places, depth, well, arrays, texts, findings)


def as_numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column as float64[row], a null as NaN."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers: np.ndarray[Any, np.dtype[np.float64]] = np.array(
        column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64
    )
    return numbers


def _kind(kind: pa.DataType) -> str:
    if (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    ):
        return "number"
    return "array" if pa.types.is_nested(kind) else "text"


def _described(column: pa.Field, attributes: Mapping[str, str], aliases: Aliases) -> tuple[str, str, str]:
    """Return mnemonic, unit and description of a column."""
    metadata = column.metadata or {}
    name, unit, _ = parse_name(column.name.strip(), aliases)
    stated = next((_text(metadata[key]) for key in UNIT_KEYS if key in metadata), "") or attributes.get(column.name, "")
    described = next((_text(metadata[key]) for key in TEXT_KEYS if key in metadata), "")
    return name, stated or unit, described


def _pandas_units(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the units by column in the attributes of a data frame, which pandas stores as JSON."""
    try:
        units = json.loads(metadata.get(b"PANDAS_ATTRS", b"{}")).get("units", {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    return {str(name): str(unit) for name, unit in units.items()} if isinstance(units, dict) else {}


def _text(value: bytes) -> str:
    return " ".join(value.decode("utf-8", errors="replace").split())[:160]
