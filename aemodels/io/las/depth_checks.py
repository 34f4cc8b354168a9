"""Comparison of the depths of a LAS file with STRT, STOP and STEP, and gaps between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.tables import Aliases, unit_factor
from aemodels.io.las.header import LasHeader

ABSURD_SAMPLES = 10_000_000  # 1,500 km of well at 15 cm
MAX_STEP_ERROR = 0.02  # share of STEP by which the median step may differ
REGULAR = 0.9  # share of equal steps that makes the others gaps
GAP_STEPS = 1.9  # a step of this many usual ones skips rows
Depths = NDArray[np.float64]


def check_ends(header: LasHeader, depth: Depths, factor: float, aliases: Aliases | None) -> tuple[Finding, ...]:
    """Compare depths with STRT, STOP and STEP, and look for gaps; this reveals files truncated at a row end.

    Args:
        header: the header of the file; its items may have another unit than the depth curve.
        depth: float64[row], strictly monotonic, in the unit of the curve.
        factor: metres per unit of the curve.
        aliases: mnemonics and units; by default those of aliases.yaml.

    Returns:
        Findings.

    Raises:
        UnreadableFileError: if the header declares far more samples than the file has.
    """
    _refuse_absurd(header, depth)
    unit = header.units.get("STRT", "")
    other = (unit_factor(unit, "m", aliases) or factor) / factor
    start, step = header.number("STRT"), float(np.median(np.abs(np.diff(depth))))
    conflict = abs(other - 1.0) > 1e-4 and not (start is not None and abs(depth[0] - start * other) <= 1.5 * step)
    scale = 1.0 if conflict else other
    findings = [_unit_conflict(header, unit)] if conflict else []
    return (*findings, *_ends(header, depth, step, scale), *_steps(header, depth, step, scale))


def _ends(header: LasHeader, depth: Depths, step: float, scale: float) -> Iterator[Finding]:
    for name, value, which, mismatch in (
        ("STRT", depth[0], "first", "strt-mismatch"),
        ("STOP", depth[-1], "last", "stop-mismatch"),
    ):
        expected = header.number(name)
        if expected is None or abs(value - expected * scale) <= 1.5 * step:
            continue
        short = name == "STOP" and (value - expected * scale) * (depth[-1] - depth[0]) < 0
        code, item = "truncated" if short else mismatch, header.item(name)
        remedy = f"{'check whether the file is complete' if short else f'correct {item}'}; the rows present are used"
        yield Finding("warning", code, "file", f"{which} depth {value:g}", f"{item} {expected * scale:g}", remedy)


def _steps(header: LasHeader, depth: Depths, step: float, scale: float) -> Iterator[Finding]:
    steps = np.abs(np.diff(depth))
    regular = np.abs(steps - step) <= MAX_STEP_ERROR * step
    if steps.size < 2 or np.count_nonzero(regular) < REGULAR * steps.size:
        return
    stated = header.number("STEP")
    if stated and abs(abs(stated * scale) - step) > max(MAX_STEP_ERROR * step, _rounding(header.well["STEP"]) * scale):
        item = header.item("STEP")
        remedy = f"the depths of the rows are used; correct {item}"
        yield Finding("warning", "step-mismatch", "file", f"a step of {step:g}", f"{item} {stated * scale:g}", remedy)
    gaps = np.flatnonzero(steps > GAP_STEPS * step)
    if gaps.size:
        longest = gaps[np.argmax(steps[gaps])]
        found = f"{gaps.size} gaps of whole rows, the longest from {depth[longest]:g} to {depth[longest + 1]:g}"
        remedy = "the rows present are used; get the missing rows, or write them with the NULL value"
        yield Finding("warning", "depth-gap", "file", found, f"a row at each step of {step:g}", remedy)


def _rounding(text: str) -> float:
    """Return half a unit of the last decimal of a number as it is written."""
    decimals = len(text.partition(".")[2])
    return float(0.5 * 10.0**-decimals)


def _refuse_absurd(header: LasHeader, depth: Depths) -> None:
    start, stop, step = (header.number(name) for name in ("STRT", "STOP", "STEP"))
    if start is None or stop is None or not step:
        return
    declared = abs((stop - start) / step)
    if declared > max(ABSURD_SAMPLES, 100 * depth.size):
        found = f"{declared:.3g} samples declared by STRT, STOP and STEP, {depth.size} present"
        finding = Finding(
            "error", "absurd-size", "~Well section", found, "equal numbers", "correct STRT, STOP and STEP"
        )
        raise UnreadableFileError((finding,))


def _unit_conflict(header: LasHeader, unit: str) -> Finding:
    own = header.curves[0].unit
    remedy = f"the unit of the curve, {own!r}, is used; make both agree"
    found = f"{own!r} for the curve, {unit!r} for STRT"
    return Finding("warning", "depth-unit-conflict", "depth index", found, "one known unit of length", remedy)
