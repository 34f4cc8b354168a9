from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Channel, Recording, Source
from aemodels.signal.quality_rules import assess
from aemodels.signal.runs import flat_runs

RNG = np.random.default_rng(11)


def well(**curves: np.ndarray) -> Recording:
    values = np.array(list(curves.values()), dtype=np.float32)
    axis = 100.0 + 0.1524 * np.arange(values.shape[1])
    return Recording(values, axis, tuple(map(Channel, curves)), "logs", Source("w.las", "0" * 64), "W")


def line(values: np.ndarray) -> Recording:
    channels = tuple(Channel(f"trace {n}") for n in range(len(values)))
    axis = 0.004 * np.arange(values.shape[1])
    return Recording(values.astype(np.float32), axis, channels, "seismic", Source("l.sgy", "0" * 64), "L")


def waves(traces: int = 6, samples: int = 400) -> np.ndarray:
    """Band-limited noise with an amplitude that decays, as in a gather."""
    kernel = np.cos(np.linspace(-6, 6, 25)) * np.hanning(25)
    noise = np.array([np.convolve(RNG.normal(size=samples), kernel, "same") for _ in range(traces)])
    return 100 * noise * np.exp(-np.arange(samples) / 100)


def gamma(samples: int = 100) -> np.ndarray:
    return 60 + 20 * RNG.random(samples)


@pytest.mark.parametrize("run", [8, 9, 30])
def test_a_flat_run_is_stuck_from_nine_samples_on(run: int):
    values = gamma()
    values[40 : 40 + run] = values[40]
    flags = assess(well(GR=values)).flags["stuck"][0]
    expected = np.zeros(100, dtype=bool)
    expected[40 : 40 + run] = run >= 9
    np.testing.assert_array_equal(flags, expected)


@pytest.mark.parametrize(("samples", "severity"), [(900, "warning"), (901, "info")])
def test_a_few_samples_do_not_make_a_file_doubtful(samples: int, severity: str):
    values = gamma(samples)
    values[40:49] = values[40]
    quality = assess(well(GR=values))
    assert [finding.severity for finding in quality.findings] == [severity]
    assert quality.bad.sum() == 9


def test_a_gap_ends_a_run():
    values = gamma()
    values[40:56] = 70.0
    values[48] = np.nan
    assert not assess(well(GR=values)).flags["stuck"].any()


@pytest.mark.parametrize("name", ["CALI", "BS", "DRHO", "TENS"])
def test_curves_that_are_flat_by_nature_are_not_stuck(name: str):
    assert not assess(well(**{name: np.full(50, 8.5) if name != "DRHO" else np.zeros(50)})).flags["stuck"].any()


def test_values_outside_physical_bounds():
    values = np.array([2.3, 0.2, 4.0, np.nan, 2.6])
    quality = assess(well(RHOB=values, TENS=np.array([-1e6, 0, 1e6, 0, 0])))
    np.testing.assert_array_equal(quality.flags["range"], [[False, True, True, False, False], [False] * 5])
    (finding,) = quality.findings
    assert (finding.code, finding.where, finding.found) == (
        "range",
        "curve RHOB",
        "2 of 4 samples (50.00 %), the longest interval 100.2-100.3 m",
    )


def drawn(values: np.ndarray, start: int, stop: int, *, log: bool = False) -> np.ndarray:
    """A copy with a line drawn through the readings at `start` and `stop` - 1."""
    out = np.log10(values) if log else values.copy()
    out[start:stop] = np.linspace(out[start], out[stop - 1], stop - start)
    return 10**out if log else out


@pytest.mark.parametrize("length", [8, 9, 40])
def test_a_gap_filled_by_interpolation_is_found_from_nine_samples_on_and_not_flagged(length: int):
    quality = assess(well(DTC=drawn(gamma(), 30, 30 + length)))
    assert not quality.bad.any()
    found = [(finding.code, finding.severity, finding.where) for finding in quality.findings]
    assert found == ([("interpolated", "warning", "curve DTC")] if length >= 9 else [])


def test_the_longest_filled_gap_is_named():
    values = drawn(drawn(gamma(), 10, 22), 50, 81)
    (finding,) = assess(well(GR=values)).findings
    assert finding.found == "43 of 100 samples (43.00 %), the longest interval 107.6-112.2 m"


@pytest.mark.parametrize("log", [False, True])
def test_a_resistivity_is_drawn_by_itself_or_by_its_logarithm(log: bool):
    ohms = 10 ** RNG.uniform(-1, 3, size=200)
    assert not assess(well(RDEP=ohms)).findings
    (finding,) = assess(well(RDEP=drawn(ohms, 60, 100, log=log))).findings
    assert (finding.code, finding.found.split()[0]) == ("interpolated", "40")


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_rounded_readings_of_rock_are_no_lines(decimals: int):
    slow = 80 + np.cumsum(RNG.normal(scale=0.3, size=4000))
    codes = {finding.code for finding in assess(well(DTC=np.round(slow, decimals))).findings}
    assert "interpolated" not in codes


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("factor", [1000.0, 100.0])
def test_readings_in_another_unit_make_no_rock_a_line(share: float, factor: float):
    density = np.round(2.4 + RNG.normal(scale=0.05, size=1000), 3)
    density[: int(1000 * share)] *= factor
    codes = [finding.code for finding in assess(well(RHOB=density)).findings]
    assert "interpolated" not in codes
    density[960:1000] = np.linspace(2.3, 2.5, 40)
    (found,) = [finding for finding in assess(well(RHOB=density)).findings if finding.code == "interpolated"]
    assert found.found.startswith("40 of 1000 samples")


def test_a_stuck_tool_draws_no_gap():
    values = gamma()
    values[40:60] = 75.0
    assert [finding.code for finding in assess(well(GR=values)).findings] == ["stuck"]


def test_caliper_and_bit_size_may_be_straight():
    assert not assess(well(CALI=np.linspace(8.5, 9.5, 60), BS=np.linspace(8.0, 8.5, 60))).findings


def test_missing_samples_are_never_flagged():
    quality = assess(well(GR=np.full(20, np.nan)))
    assert not quality.bad.any()
    assert quality.findings == ()


def test_a_good_well_has_no_findings():
    quality = assess(well(GR=gamma(), RHOB=2.2 + 0.3 * RNG.random(100)))
    assert quality.findings == ()
    assert quality.bad.shape == (2, 100)


@pytest.mark.parametrize(
    ("values", "minimum", "expected"),
    [([], 2, []), ([1, 1, 1], 3, [1, 1, 1]), ([1, 1, 2, 2, 2], 3, [0, 0, 1, 1, 1]), ([np.nan] * 4, 2, [0] * 4)],
)
def test_flat_runs(values: list[float], minimum: int, expected: list[int]):
    assert flat_runs(np.array(values, dtype=np.float32), minimum).astype(int).tolist() == expected


def test_each_kind_of_bad_trace_and_no_other():
    values = waves(8)
    values[1] = 0
    values[2] = np.nan
    values[3] = 5.0
    values[4] = np.clip(values[4], -np.abs(values[4]).max() / 3, np.abs(values[4]).max() / 3)
    values[5, 200] += 15 * np.sqrt(np.mean(values[5] ** 2))
    quality = assess(line(values))
    flagged = {reason: np.flatnonzero(mask[:, 0]).tolist() for reason, mask in quality.flags.items() if mask.any()}
    assert flagged == {"dead": [1, 2], "constant": [3], "clipped": [4], "spike": [5]}
    assert [finding.code for finding in quality.findings] == ["dead", "constant", "clipped", "spike"]
    assert all(mask.shape == (8, 1) for mask in quality.flags.values())


def test_good_traces_have_no_findings():
    assert assess(line(waves(200))).findings == ()


def test_a_trace_with_some_missing_samples_is_not_dead():
    values = waves(3)
    values[0, :100] = np.nan
    values[1] = np.nan
    flags = assess(line(values)).flags
    assert {reason: mask[:, 0].tolist() for reason, mask in flags.items() if mask.any()} == {
        "missing": [True, False, False],
        "dead": [False, True, False],
    }


@pytest.mark.parametrize("height", [1e32, 1e12])
def test_absurd_amplitudes_are_flagged(height: float):
    values = waves(8)
    values[6] *= np.float32(height / np.abs(values[6]).max())
    flags = assess(line(values)).flags
    assert {reason: np.flatnonzero(mask).tolist() for reason, mask in flags.items() if mask.any()} == {"absurd": [6]}


def test_large_units_are_not_absurd():
    assert assess(line(waves(8) * np.float32(1e20))).findings == ()


def test_a_weak_trace_beside_strong_ones_makes_nothing_absurd():
    values = waves(8) * np.float32(1e4)
    values[:3] *= np.float32(1e-4)
    assert not assess(line(values)).flags["absurd"].any()
