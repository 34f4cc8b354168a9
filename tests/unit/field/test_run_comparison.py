"""Two logs of one well: planted shift, stretch, bias and edits are found, and nothing where there is nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.core.types import Channel, Recording
from aemodels.field.run_comparison import RunComparison, compare_runs
from helpers.recordings import make_line, make_well

NOISE = {"GR": 1.5, "RHOB": 0.008, "NPHI": 0.005, "DTC": 0.5, "RDEP": 0.0}


def main_log() -> Recording:
    """A well of 600 m."""
    return make_well("A-1", samples=4000, seed=5)


def repeat(well: Recording, *, shift: float = 0.0, stretch: float = 0.0, noise: float = 1.0) -> Recording:
    """The same rock at other depths, with a tool's noise."""
    rng = np.random.default_rng(1)
    middle = 0.5 * (well.axis[0] + well.axis[-1])
    rows = [
        row + noise * NOISE[name] * rng.standard_normal(row.size)
        for name, row in zip(well.names, well.values, strict=True)
    ]
    axis = well.axis + shift + stretch / 1000 * (well.axis - middle)
    source = dataclasses.replace(well.source, uri="repeat.las")
    return dataclasses.replace(well, values=np.array(rows, dtype=np.float32), axis=axis, source=source)


def curve(found: RunComparison, name: str):
    return next(one for one in found.curves if one.name == name)


def test_a_log_compared_with_itself_is_the_same() -> None:
    found = compare_runs(main_log(), main_log())
    assert (found.shift, found.stretch) == (0.0, 0.0)
    assert found.uneven < 0.01
    assert all((one.bias, one.spread, one.outside, one.identical) == (0.0, 0.0, 0.0, 1.0) for one in found.curves)


@pytest.mark.parametrize("shift", [-3.3, 0.4, 6.0])
def test_a_shift_is_found_and_taken_out(shift: float) -> None:
    found = compare_runs(main_log(), repeat(main_log(), shift=shift))
    assert found.shift == pytest.approx(shift, abs=0.05)
    assert abs(found.stretch) < 0.2
    assert curve(found, "GR").correlation > 0.98
    assert curve(found, "GR").outside < 0.15


def test_a_stretched_cable_is_found() -> None:
    found = compare_runs(main_log(), repeat(main_log(), shift=1.0, stretch=4.0))
    assert found.shift == pytest.approx(1.0, abs=0.1)
    assert found.stretch == pytest.approx(4.0, abs=0.4)


def test_a_tool_that_was_pulled_is_uneven() -> None:
    well = main_log()
    jump = np.where(well.axis > 1400, 2.0, 0.0)
    pulled = dataclasses.replace(repeat(well), axis=well.axis + jump)
    assert compare_runs(well, pulled).uneven > 0.5
    assert compare_runs(well, repeat(well)).uneven < 0.2


def test_a_bias_is_measured_against_the_expected_repeatability() -> None:
    other = repeat(main_log())
    values = np.array(other.values)
    values[other.names.index("RHOB")] += 0.06
    found = compare_runs(main_log(), dataclasses.replace(other, values=values))
    density, neutron = curve(found, "RHOB"), curve(found, "NPHI")
    assert density.bias == pytest.approx(0.06, abs=0.002)
    assert density.spread == pytest.approx(0.008, rel=0.2)
    assert density.outside > 0.95
    assert neutron.outside < 0.05


def test_an_edit_shows_in_the_share_of_equal_readings() -> None:
    values = np.array(main_log().values)
    values[0, 1000:2000] += 12.0
    found = compare_runs(main_log(), main_log().with_values(values))
    assert curve(found, "GR").identical == pytest.approx(0.75, abs=0.001)
    assert curve(found, "GR").outside == pytest.approx(0.25, abs=0.001)
    assert curve(found, "RHOB").identical == 1.0


def test_resistivities_are_compared_in_decades() -> None:
    values = np.array(main_log().values)
    values[main_log().names.index("RDEP")] *= 10
    found = curve(compare_runs(main_log(), main_log().with_values(values)), "RDEP")
    assert (found.unit, found.bias) == ("decades", pytest.approx(1.0, abs=1e-4))


def test_other_rock_is_not_aligned() -> None:
    found = compare_runs(main_log(), dataclasses.replace(make_well("B", samples=4000, seed=77), axis=main_log().axis))
    assert found.shift is None or len(found.lags) < 5


def test_what_cannot_be_compared_is_refused() -> None:
    well = main_log()
    with pytest.raises(DataError, match="in common"):
        compare_runs(well, dataclasses.replace(well, axis=well.axis + 5000))
    with pytest.raises(DataError, match="is no well log"):
        compare_runs(well, make_line())
    nameless = dataclasses.replace(well, channels=tuple(Channel(f"X{n}") for n in range(5)))
    with pytest.raises(DataError, match="expected a known curve in both"):
        compare_runs(well, nameless)


def test_curves_of_one_log_alone_are_named() -> None:
    one = dataclasses.replace(main_log(), values=np.array(main_log().values[:3]), channels=main_log().channels[:3])
    assert compare_runs(main_log(), one).only == (("DTC", "RDEP"), ())


def test_a_straight_line_says_nothing_of_the_shift() -> None:
    values = np.array(main_log().values)
    ramp = slice(0, 2000)  # a curve that was filled in before logging began
    row = main_log().names.index("DTC")
    values[row, ramp] = np.linspace(220, 80, 2000)
    filled = main_log().with_values(values)
    found = compare_runs(filled, repeat(filled, shift=0.8))
    assert found.shift == pytest.approx(0.8, abs=0.05)
    inside = [one for one in found.lags if one.curve == "DTC" and one.depth < main_log().axis[1700]]
    assert inside == []
    assert found.uneven < 0.2
