"""The unit of the depths where the curve and the header items state different ones for the same numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.tables import Aliases, unit_factor
from aemodels.io.las.header import LasHeader

ENDS = ("STRT", "STOP", "STEP")
INCH, MAX_INCHES = 0.0254, 48
DEEP = 7000.0  # m; few holes are deeper, and 7000 ft are common
SAME = 1e-4


def settle_unit(
    header: LasHeader, depth: NDArray[np.float64], factor: float, aliases: Aliases | None
) -> tuple[float, tuple[Finding, ...]]:
    """Decide the unit if STRT, STOP and STEP all have another one than the curve, and yet the numbers of its depths.

    The step, the deepest row and the units of other lengths in the ~Well section decide.

    Args:
        header: the header of the file.
        depth: float64[row], as the file states them, NaN for a row without one.
        factor: metres per unit of the curve.
        aliases: mnemonics and units.

    Returns:
        (metres per unit to use, a finding if it is not that of the curve).

    Raises:
        UnreadableFileError: if nothing decides.
    """
    stated = {name: unit_factor(header.units.get(name, ""), "m", aliases) for name in ENDS}
    other, start = stated["STRT"], header.number("STRT")
    alone = {value for value in stated.values() if value is not None} == {other}
    if other is None or start is None or not alone or abs(other / factor - 1) < SAME:
        return factor, ()
    known = depth[np.isfinite(depth)]
    step = float(np.median(np.abs(np.diff(known)))) if known.size > 1 else 0.0
    if known.size < 2 or abs(start - known[0]) > 1.5 * step:
        return factor, ()
    votes = _votes(header, (float(np.abs(known).max()), step), (factor, other), aliases)
    found = (
        f"the numbers {known[0]:g} to {known[-1]:g} in {header.curves[0].unit!r} for the curve, "
        f"in {header.units['STRT']!r} for STRT; the first is {known[0] * factor:g} m or {known[0] * other:g} m"
    )
    expected = "one known unit of length"
    if len(votes) != 1:
        remedy = "make both units agree"
        raise UnreadableFileError((Finding("error", "depth-unit-unsure", "depth index", found, expected, remedy),))
    chosen, why = votes.popitem()
    if chosen == factor:
        return factor, ()  # the comparison of the depths with STRT reports the conflict
    remedy = f"the unit of STRT is used, because of {why}; make both agree"
    return other, (Finding("warning", "depth-unit-conflict", "depth index", found, expected, remedy),)


def _votes(
    header: LasHeader, extent: tuple[float, float], factors: tuple[float, float], aliases: Aliases | None
) -> dict[float, str]:
    """Return the units for which there is evidence, each with the last piece of it.

    Args:
        header: the header of the file.
        extent: (largest depth, step) in the numbers of the file.
        factors: metres per unit of the curve and of STRT.
        aliases: mnemonics and units.
    """
    deepest, step = extent
    votes: dict[float, str] = {}
    finest = max(factors)
    inches = step * finest / INCH
    if (
        abs(inches - round(inches)) < 0.01
        and 0 < round(inches) <= MAX_INCHES
        and abs(20 * step - round(20 * step)) > 0.01
    ):
        votes[finest] = f"the step, which is {round(inches)} inches"
    if deepest * finest > DEEP >= deepest * min(factors):
        votes[min(factors)] = f"a depth of {deepest * finest:.0f} m, which few holes have"
    for name, unit in header.units.items():
        value = None if name in ENDS or header.number(name) is None else unit_factor(unit, "m", aliases)
        for factor in factors:
            if value is not None and abs(value / factor - 1) < SAME:
                votes[factor] = f"{name} in {unit}"
    return votes
