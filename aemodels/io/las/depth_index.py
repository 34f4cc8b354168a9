"""Depth index of a LAS file: in metres and increasing; conversions are reported as findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import AxisArray
from aemodels.curves.tables import (
    NO_UNIT,
    Aliases,
    is_depth,
    normal_unit,
    states_no_unit,
    unit_factor,
    unit_in_depth_name,
)
from aemodels.io.las.data_table import LasTable
from aemodels.io.las.depth_checks import check_ends
from aemodels.io.las.depth_unit import settle_unit
from aemodels.io.las.header import LasHeader

DEPTH_TOLERANCE = 1e-6  # in m; larger than rounding errors
HUNDREDS_OF_FEET = "HFT"  # written for feet, too
DEEPEST = 15_000.0  # m; the deepest hole has 12.3 km
FARTHEST = 30_000.0  # m along the hole, or above or below any datum


@dataclass(frozen=True, eq=False)
class DepthIndex:
    """Depth axis of a table.

    Args:
        axis: float64[sample] in m, strictly increasing.
        rows: int64[sample], table row of each sample.
        findings: conversions, reversals and skipped rows.
        factor: metres per depth unit of the file.
    """

    axis: AxisArray
    rows: NDArray[np.int64]
    findings: tuple[Finding, ...]
    factor: float


def depth_factor(header: LasHeader, aliases: Aliases | None = None) -> tuple[float, tuple[Finding, ...]]:
    """Return metres per unit of the depth column.

    Args:
        header: the header of the file.
        aliases: mnemonics and units; by default those of aliases.yaml.

    Returns:
        (factor, findings).

    Raises:
        UnreadableFileError: if the first curve is not a depth.
    """
    curve = header.curves[0]
    declared = header.units.get("STRT", "")
    unit = declared if _is_missing(curve.unit, aliases) else curve.unit
    unit = unit_in_depth_name(curve.mnemonic, aliases) or unit if _is_missing(unit, aliases) else unit
    factor = unit_factor(unit, "m", aliases)
    if factor is None and not (states_no_unit(unit) and is_depth(curve.mnemonic, aliases)):
        raise UnreadableFileError((_no_depth(curve.mnemonic, unit),))
    if factor is None:
        found = f"{unit!r}, which is no unit" if normal_unit(unit) not in NO_UNIT else "no unit of depth"
        return 1.0, (_depth_finding("depth-unit-missing", found, "m is assumed; add the unit"),)
    if factor == 1.0 or normal_unit(unit) == HUNDREDS_OF_FEET:
        return factor, ()
    info = Finding(
        "info", "depth-converted", f"curve {curve.name}", f"depth in {unit}", "m", f"multiplied by {factor:.10g}"
    )
    return factor, (info,)


def _is_missing(unit: str, aliases: Aliases | None) -> bool:
    """Return True for a unit that is not stated; "MSS" is one (metres, subsea), "MDRT" is none."""
    return unit_factor(unit, "m", aliases) is None and states_no_unit(unit)


def build_index(header: LasHeader, table: LasTable, aliases: Aliases | None = None) -> DepthIndex:
    """Convert the first column to a depth axis.

    Args:
        header: the header of the file.
        table: the data.
        aliases: mnemonics and units; by default those of aliases.yaml.

    Returns:
        The axis in m, increasing.

    Raises:
        UnreadableFileError: if depth is missing, not monotonic, or shorter than two rows.
    """
    factor, findings = _settled(header, table, aliases)
    depth = table.columns[0]
    good, missing = _rows_with_depth(table, depth, header.number("NULL"), factor)
    findings += missing
    rows = _enough(np.flatnonzero(good), findings)
    descending = depth[rows[-1]] < depth[rows[0]]
    with np.errstate(over="ignore"):
        axis = depth * factor  # check steps after conversion, which may make close depths equal
    steps = np.diff(axis[rows]) * (-1.0 if descending else 1.0)
    if (steps < 0).any():
        raise UnreadableFileError((*findings, _not_monotonic(table, depth, rows, int(np.argmax(steps < 0)))))
    repeated = np.concatenate([[False], steps == 0])
    if repeated.any():
        mask = np.zeros(len(depth), dtype=np.bool_)
        mask[rows[repeated]] = True
        findings += (_dropped("depth-repeated", table, mask, "rows that repeat the preceding depth"),)
    rows = _enough(rows[~repeated], findings)
    findings += check_ends(header, depth[rows], factor, aliases)
    if _are_elevations(axis[rows]):
        axis, factor, descending = -axis, -factor, not descending
        findings += (_elevations(depth[rows]),)
    if descending:
        rows = rows[::-1]
        found = "depth decreases down the file"
        findings += (Finding("info", "depth-reversed", "file", found, "increasing depth", "rows are reversed"),)
    return DepthIndex(np.ascontiguousarray(axis[rows], dtype=np.float64), rows, findings, factor)


def _rows_with_depth(
    table: LasTable, depth: NDArray[np.float64], null: float | None, factor: float
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    """Return which rows have a depth that a hole can have, and findings about the others."""
    findings: tuple[Finding, ...] = ()
    good = np.isfinite(depth) if null is None else np.isfinite(depth) & (depth != null)
    if not good.all():
        findings += (_dropped("depth-missing", table, ~good, "rows without a depth"),)
    limit = FARTHEST / factor
    if depth.max(where=good, initial=0.0) > limit or depth.min(where=good, initial=0.0) < -limit:
        far = good & (np.abs(depth) > limit)  # one of them would make a log of a million rows out of a few
        what = f"rows beyond {FARTHEST / 1000:g} km, the first at {depth[np.argmax(far)]:g}"
        findings += (_dropped("depth-implausible", table, far, what),)
        good &= ~far
    return good, findings


def _settled(header: LasHeader, table: LasTable, aliases: Aliases | None) -> tuple[float, tuple[Finding, ...]]:
    """Return the factor to m that the header and the depths agree on, and findings.

    Raises:
        UnreadableFileError: if there is none, or the depths are no numbers.
    """
    factor, findings = depth_factor(header, aliases)
    findings += _unsure_unit(header, table.columns[0])
    settled, conflict = settle_unit(header, table.columns[0], factor, aliases)
    if 0 in table.text_columns:
        raise UnreadableFileError((_depth_of_words(table),))
    return settled, conflict or findings


def _unsure_unit(header: LasHeader, depth: NDArray[np.float64]) -> tuple[Finding, ...]:
    """Return a finding if the depth is in HFT: feet, unless hundreds of feet are possible too.

    Raises:
        UnreadableFileError: if they are.
    """
    unit = header.curves[0].unit
    if normal_unit(unit) != HUNDREDS_OF_FEET:
        return ()
    deepest = float(np.nanmax(np.abs(depth), initial=0.0))
    found = (
        f"{unit!r}: the last depth has {0.3048 * deepest:.0f} m in feet, {30.48 * deepest:.0f} m in hundreds of feet"
    )
    remedy = "write the unit as m or ft"
    if 30.48 * deepest <= DEEPEST:
        expected = "a unit that can be read in one way only"
        raise UnreadableFileError((Finding("error", "depth-unit-unsure", "depth index", found, expected, remedy),))
    return (_depth_finding("depth-unit-unsure", found, f"feet are used, as no hole is deeper; {remedy}"),)


def _depth_of_words(table: LasTable) -> Finding:
    """Return the error about a depth column whose cells are mostly no numbers, with the first of them."""
    cells = next(finding for finding in table.findings if finding.code in ("text-column", "unreadable-cell"))
    remedy = "write the depths as plain numbers"
    return Finding("error", "no-depth-index", cells.where, cells.found, "a depth in each row", remedy)


def _enough(rows: NDArray[np.int64], findings: tuple[Finding, ...]) -> NDArray[np.int64]:
    if rows.size < 2:
        raise UnreadableFileError((*findings, _too_short(rows.size)))
    return rows


def _are_elevations(depth: NDArray[np.float64]) -> bool:
    """Return True if most depths are below zero: no hole begins that far above its datum."""
    return bool(depth[depth.size // 2] < 0 and depth[0] + depth[-1] < 0)


def _depth_finding(code: str, found: str, remedy: str) -> Finding:
    return Finding("warning", code, "depth index", found, "one known unit of length", remedy)


def _elevations(depth: NDArray[np.float64]) -> Finding:
    found = f"depths below zero: {depth[0]:g} to {depth[-1]:g}"
    remedy = "read as elevations: the sign is changed, so that depth increases down the hole"
    return Finding("info", "elevation-index", "depth index", found, "depths", remedy)


def _no_depth(mnemonic: str, unit: str) -> Finding:
    return Finding(
        "error",
        "no-depth-index",
        f"curve {mnemonic}",
        f"first curve {mnemonic!r} with unit {unit!r}",
        "a depth with a unit of length (m, ft, 0.1in)",
        "export the log indexed by depth, or correct the unit; add a depth name under `depth`, or a unit under `m`, in "
        "your SONDEFLOW_ALIASES",
    )


def _not_monotonic(table: LasTable, depth: NDArray[np.float64], rows: NDArray[np.int64], step: int) -> Finding:
    first, second = rows[step], rows[step + 1]
    where = table.place(int(second))
    return Finding(
        "error",
        "depth-not-monotonic",
        where if table.rows else f"{where} (data row {second + 1})",
        f"depth {depth[second]:g} after {depth[first]:g}",
        "increasing or decreasing depth",
        "sort the rows, or write one file per pass",
    )


def _dropped(code: str, table: LasTable, mask: NDArray[np.bool_], what: str) -> Finding:
    where, found = table.place(int(np.argmax(mask))), f"{int(mask.sum())} {what}"
    return Finding("warning", code, where, found, "one depth per row", "these rows are skipped")


def _too_short(rows: int) -> Finding:
    return Finding(
        "error", "too-short", "file", f"{rows} usable rows", "at least 2", "check whether the file is complete"
    )
