"""Order of the columns: the ~Curve section, the names on the ~A line, and the depths themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.tables import Aliases, find_name, is_depth, unit_factor
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.header import LasCurve, LasHeader
from aemodels.io.las.text_sections import MARK

Column = NDArray[np.float64]
MAX_STEPS_OFF = 1.5  # steps by which the first and the last depth may miss STRT and STOP
SHOWN = 8


def settle_order(
    header: LasHeader, table: LasTable, title: str, aliases: Aliases
) -> tuple[LasHeader, LasTable, tuple[Finding, ...]]:
    """Decide which curve each column holds, and put the depth first.

    The ~Curve section and the ~A line may name the columns in different orders, and the depth may not be the first
    curve. The order in which the depths fit STRT and STOP, and the curves their units, is used.

    Args:
        header: the header of the log.
        table: its columns, in the order of the file.
        title: the ~A line.
        aliases: mnemonics and units.

    Returns:
        (header, table, findings): curves and columns in one order, the depth first.

    Raises:
        UnreadableFileError: if the depths contradict the order of the names and nothing states another.
    """
    named = _order_of_title(header.curves, title, aliases)
    findings: tuple[Finding, ...] = ()
    curves = header.curves
    if named is not None:
        by_title = _misfits(named, header, table, aliases) < _misfits(curves, header, table, aliases)
        findings = (_two_orders(curves, named, by_title=by_title),)
        curves = named if by_title else curves
    depth = _depth_column(curves, header, table, aliases)
    if depth and named is None:
        findings = (_depth_elsewhere(curves, depth),)
    order = [depth, *(number for number in range(len(curves)) if number != depth)]
    if depth == 0 and curves is header.curves:
        return header, table, findings
    header = replace(header, curves=tuple(curves[number] for number in order), depth_column=depth)
    return header, _reordered(table, order), findings


def fits_stated_ends(values: Column, curve: LasCurve, header: LasHeader, aliases: Aliases) -> bool:
    """Return True if a column is monotonic and starts and ends at STRT and STOP, each in its own unit."""
    depth = values[np.isfinite(values)]
    depth = depth[depth != header.nulls[0]] if header.nulls else depth
    steps = np.diff(depth)
    if depth.size < 2 or not ((steps > 0).all() or (steps < 0).all()):
        return False
    within = MAX_STEPS_OFF * float(np.median(np.abs(steps)))
    own = unit_factor(curve.unit, "m", aliases) or 1.0
    for name, value in (("STRT", depth[0]), ("STOP", depth[-1])):
        stated, unit = header.number(name), unit_factor(header.units.get(name, ""), "m", aliases) or own
        if stated is not None and abs(value * own - stated * unit) > within * own:
            return False
    return True


def _order_of_title(curves: Sequence[LasCurve], title: str, aliases: Aliases) -> tuple[LasCurve, ...] | None:
    """Return the curves in the order of the ~A line; None if it names others, or the same order."""
    words = [_key(word, aliases) for word in re.split(r"[\s,;]+", title.replace(MARK, "").strip(" ,;\t\r\n"))[1:]]
    keys = [_key(curve.mnemonic, aliases) for curve in curves]
    if words == keys or len(set(keys)) < len(keys) or sorted(words) != sorted(keys):
        return None
    return tuple(curves[keys.index(word)] for word in words)


def _key(name: str, aliases: Aliases) -> str:
    return "" if is_depth(name, aliases) else name.upper()


def _misfits(curves: Sequence[LasCurve], header: LasHeader, table: LasTable, aliases: Aliases) -> tuple[bool, int]:
    """Return (True if no column is a fitting depth, number of curves whose values contradict their unit)."""
    depth = _depth_column(curves, header, table, aliases, refuse=False)
    unfit = not fits_stated_ends(table.columns[depth], curves[depth], header, aliases)
    pairs = [pair for number, pair in enumerate(zip(curves, table.columns, strict=True)) if number != depth]
    return unfit, sum(_contradicts(curve, values, aliases) for curve, values in pairs)


def _contradicts(curve: LasCurve, values: Column, aliases: Aliases) -> bool:
    known = find_name(curve.mnemonic, aliases)
    observed = values[np.isfinite(values)]
    if known is None or not observed.size:
        return False
    canonical = CANONICAL[known.name]
    low, high = canonical.typical or (canonical.low, canonical.high)
    median = float(np.median(observed)) * (unit_factor(curve.unit, canonical.unit, aliases) or 1.0)
    return not low <= median <= high


def _depth_column(
    curves: Sequence[LasCurve], header: LasHeader, table: LasTable, aliases: Aliases, *, refuse: bool = True
) -> int:
    """Return the column of the depth: the first, unless another one is named so and fits STRT and STOP.

    Raises:
        UnreadableFileError: if the first column holds the depths, and the curves say that another does.
    """
    named = [number for number, curve in enumerate(curves) if is_depth(curve.mnemonic, aliases)]
    if not named or 0 in named or not _is_measurement(curves[0], aliases):
        return 0
    for number in named if header.number("STRT") is not None else ():
        if fits_stated_ends(table.columns[number], curves[number], header, aliases):
            return number
    first = fits_stated_ends(table.columns[0], curves[named[0]], header, aliases)
    if first and refuse:
        raise UnreadableFileError((_shifted(curves, named[0]),))
    return named[0] if first or not refuse else 0


def _is_measurement(curve: LasCurve, aliases: Aliases) -> bool:
    """Return True for a first curve that is no depth, by its name or its unit."""
    return find_name(curve.mnemonic, aliases) is not None or unit_factor(curve.unit, "m", aliases) is None


def _reordered(table: LasTable, order: Sequence[int]) -> LasTable:
    text = frozenset(place for place, number in enumerate(order) if number in table.text_columns)
    return replace(table, columns=[table.columns[number] for number in order], text_columns=text)


def _shown(curves: Sequence[LasCurve]) -> str:
    return " ".join(curve.mnemonic for curve in curves[:SHOWN]) + (" ..." if len(curves) > SHOWN else "")


def _two_orders(curves: Sequence[LasCurve], named: Sequence[LasCurve], *, by_title: bool) -> Finding:
    found = f"~Curve: {_shown(curves)}; ~A line: {_shown(named)}"
    used = "the ~A line, which fits depths and units" if by_title else "the ~Curve section"
    remedy = f"the columns are named by {used}; make both agree"
    return Finding("warning", "column-order", "~A line", found, "one order of the columns", remedy)


def _depth_elsewhere(curves: Sequence[LasCurve], depth: int) -> Finding:
    found = f"depth {curves[depth].name} in column {depth + 1}, after {_shown(curves[:depth])}"
    remedy = f"column {depth + 1} is read as the depth, as it fits STRT and STOP; write the depth first"
    return Finding("warning", "column-order", "~Curve section", found, "the depth as first curve", remedy)


def _shifted(curves: Sequence[LasCurve], depth: int) -> Finding:
    found = (
        f"depths in column 1, which is {curves[0].name} by the ~Curve section; "
        f"its depth {curves[depth].name} is column {depth + 1}, which is no depth"
    )
    expected = f"either {curves[depth].name} as first curve, or the depths in column {depth + 1}"
    remedy = "write the curves in the order of the columns; names on the ~A line decide too"
    return Finding("error", "column-order", "~Curve section", found, expected, remedy)
