"""Five families of log faults, independent of each other: to learn from, to choose by, to report on."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from aemodels.core.types import Recording
from aemodels.faults import (
    Injection,
    LogFaultSpec,
    RandomisedLogFault,
    ResampledLogFault,
    SimulatedLogFault,
    TextbookLogFault,
    inject,
)
from aemodels.faults.base import FaultBase, Site, kind_of
from aemodels.faults.randomised.shapes import envelope, log_uniform, roughness
from aemodels.faults.resampled.other_depths import pattern
from helpers.paths import ROOT
from helpers.recordings import make_well

FAMILIES: dict[str, tuple[type[FaultBase], ...]] = {
    "logs": get_args(LogFaultSpec),
    "randomised": get_args(RandomisedLogFault),
    "simulated": get_args(SimulatedLogFault),
    "resampled": get_args(ResampledLogFault),
    "textbook": get_args(TextbookLogFault),
}
# What a family may take from another one: facts, not forms.
SHARED = {"aemodels.faults.logs.unit": {"UNIT_FACTORS"}}
KINDS = {"washout", "cycle_skip", "stuck", "spike", "depth_shift", "unit"}


def imports(path: Path) -> set[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {(str(node.module), alias.name) for node in found for alias in node.names}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_uses_no_form_of_another(family: str) -> None:
    others = tuple(f"aemodels.faults.{other}" for other in FAMILIES if other != family)
    for path in (ROOT / "aemodels" / "faults" / family).glob("*.py"):
        for module, name in imports(path):
            assert not module.startswith(others) or name in SHARED.get(module, set()), f"{path.name}: {module}.{name}"


@pytest.mark.parametrize("family", ["randomised", "simulated", "resampled", "textbook"])
def test_a_family_varies_the_six_kinds_under_names_of_its_own(family: str) -> None:
    kinds = FAMILIES[family]
    assert {kind_of(kind()) for kind in kinds} == KINDS
    names = {kind.model_fields["kind"].default for kind in kinds}
    assert not names & KINDS


def injected(kind: type[FaultBase], well: Recording, **fields: Any) -> tuple[np.ndarray, np.ndarray]:
    found = inject(well, (kind(**fields),), fraction=0.2, rng=np.random.default_rng(7))
    return found.recording.values, found.label


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_washout_lowers_the_density_and_raises_the_neutron_on_average(family: str) -> None:
    well = make_well(samples=6000, seed=4)
    kind = next(kind for kind in FAMILIES[family] if kind_of(kind()) == "washout")
    values, label = injected(kind, well)
    for name, sign in (("RHOB", -1), ("NPHI", 1)):
        row = well.names.index(name)
        change = (values[row] - well.values[row])[label[row]]
        assert change.size > 100
        assert np.sign(np.median(change)) == sign


def test_randomised_washouts_move_curves_independently() -> None:
    well = make_well(samples=20_000, seed=5)
    kind = next(kind for kind in FAMILIES["randomised"] if kind_of(kind()) == "washout")
    _, label = injected(kind, well)
    rhob, nphi, dtc = (label[well.names.index(name)] for name in ("RHOB", "NPHI", "DTC"))
    assert (rhob & ~nphi).any() and (rhob & ~dtc).any() and (nphi & ~rhob).any()


def test_strong_randomised_washouts_are_as_frequent_as_faint_ones_and_never_read_beyond_mud() -> None:
    well = make_well(samples=40_000, seed=8)
    kind = next(kind for kind in FAMILIES["randomised"] if kind_of(kind()) == "washout")
    row = well.names.index("RHOB")
    found = inject(well, (kind(),), fraction=0.3, rng=np.random.default_rng(3))
    density, before = found.recording.values[row], well.values[row]
    drops = np.array([(before - density)[event.start : event.stop].max() for event in found.events])
    assert np.mean(drops > 0.3) > 0.3
    assert np.mean(drops < 0.15) > 0.2
    assert density.min() >= min(1.0, before.min())


def test_severity_sets_how_far_a_randomised_washout_goes() -> None:
    well = make_well(samples=20_000, seed=9)
    kind = next(kind for kind in FAMILIES["randomised"] if kind_of(kind()) == "washout")
    row = well.names.index("RHOB")
    change = {}
    for severity in (0.1, 1.0):
        values, label = injected(kind, well, severity=(severity, severity))
        change[severity] = float(np.median((well.values[row] - values[row])[label[row]]))
    assert change[1.0] > 3 * change[0.1]


def test_simulated_depth_shifts_move_the_curves_of_one_tool_together() -> None:
    well = make_well(samples=6000, seed=6)
    kind = next(kind for kind in FAMILIES["simulated"] if kind_of(kind()) == "depth_shift")
    found = inject(well, (kind(),), fraction=0.3, rng=np.random.default_rng(1))
    tools = {event.channels for event in found.events}
    assert tools <= {("GR",), ("RHOB", "NPHI"), ("DTC",), ("RDEP",), ("NPHI",)}
    assert ("RHOB", "NPHI") in tools


def only_gamma_ray(values: np.ndarray, *, step: float = 0.1524) -> Recording:
    well = make_well(samples=len(values), curves=("GR",))
    axis = 1000.0 + step * np.arange(len(values))
    return dataclasses.replace(well, values=values[None].astype(np.float32), axis=axis)


def events_of(kind: str, family: str = "resampled", **fields: Any) -> tuple[Recording, Injection]:
    """Return a well, and it with faults of a kind of a family."""
    well = make_well(samples=8000, seed=12)
    fault = next(fault for fault in FAMILIES[family] if kind_of(fault()) == kind)
    return well, inject(well, (fault(**fields),), fraction=0.2, rng=np.random.default_rng(5))


def test_resampled_spikes_are_readings_of_other_depths_far_from_those_around() -> None:
    well, found = events_of("spike", curves=("GR",))
    row = well.names.index("GR")
    before, after = well.values[row][found.label[row]], found.recording.values[row][found.label[row]]
    assert np.isin(after, well.values[row]).all()
    low, high = np.percentile(well.values[row], [0.5, 99.5])
    assert np.median(np.abs(after - before)) > 0.2 * (high - low)


def test_resampled_stuck_readings_repeat_one_to_three_that_were_read_before() -> None:
    well, found = events_of("stuck", curves=("RHOB",))
    row = well.names.index("RHOB")
    counts = set()
    for event in found.events:
        held = set(found.recording.values[row, event.start : event.stop].tolist())
        assert held <= set(well.values[row, max(event.start - 3, 0) : event.start].tolist())
        counts.add(len(held))
    assert counts == {1, 2, 3}


def test_resampled_scale_mistakes_are_straight_lines_of_the_readings() -> None:
    well, found = events_of("unit", curves=("NPHI",))
    row = well.names.index("NPHI")
    for event in found.events:
        before, after = (
            well.values[row, event.start : event.stop],
            found.recording.values[row, event.start : event.stop],
        )
        kept = after > -0.149  # no tool reads below
        gain, offset = np.polyfit(before[kept], after[kept], 1)
        np.testing.assert_allclose(after[kept], gain * before[kept] + offset, atol=1e-5)
        assert 0.5 < gain < 2.0


def test_resampled_skips_are_whole_periods_over_two_feet() -> None:
    well, found = events_of("cycle_skip", frequency_khz=(10.0, 10.0), early=0.0)
    row = well.names.index("DTC")
    added = (found.recording.values[row] - well.values[row])[found.label[row]]
    assert set(np.unique(np.round(added, 2))) <= {50.0, 100.0}
    assert np.mean(added > 75) < 0.5


def test_a_resampled_depth_shift_is_as_large_as_its_largest_lag() -> None:
    slope = only_gamma_ray(np.linspace(0.0, 999.75, 4000), step=0.25)
    shift = next(fault for fault in FAMILIES["resampled"] if kind_of(fault()) == "depth_shift")
    found = inject(slope, (shift(shift_m=(2.0, 2.0)),), fraction=0.2, rng=np.random.default_rng(1))
    moved = np.abs(found.recording.values[0] - slope.values[0])[found.label[0]]  # one unit is one metre
    assert moved.max() <= 2.01 and moved.min() >= 1.19


def test_textbook_faults_have_the_forms_in_which_they_are_drawn() -> None:
    well, found = events_of("washout", "textbook", flank_m=(0.2, 0.2))
    row = well.names.index("RHOB")
    for event in found.events:
        change = (found.recording.values[row] - well.values[row])[event.start : event.stop]
        np.testing.assert_allclose(change[2:-2], change[2:-2].mean(), atol=1e-5)
        assert -0.81 < change.mean() < -0.05
    well, found = events_of("stuck", "textbook", curves=("RHOB",))
    for event in found.events:
        assert np.ptp(found.recording.values[row, event.start : event.stop]) == 0
    well, found = events_of("cycle_skip", "textbook", jump=(40.0, 40.0))
    row = well.names.index("DTC")
    added = (found.recording.values[row] - well.values[row])[found.label[row]]
    np.testing.assert_allclose(added, 40.0, atol=1e-3)
    well, found = events_of("unit", "textbook", curves=("NPHI",))
    row = well.names.index("NPHI")
    for event in found.events:
        before, after = (
            well.values[row, event.start : event.stop],
            found.recording.values[row, event.start : event.stop],
        )
        gain, offset = np.polyfit(before, after, 1)
        assert any(np.allclose((gain, offset), known, atol=1e-3) for known in ((100, 0), (1, 0.06), (1, -0.06)))


def test_a_textbook_spike_of_three_samples_is_highest_in_the_middle() -> None:
    well, found = events_of("spike", "textbook", curves=("GR",), height=(0.5, 0.5))
    row = well.names.index("GR")
    three = [event for event in found.events if event.stop - event.start == 3]
    assert three and len(three) < len(found.events)
    for event in three:
        change = np.abs(found.recording.values[row] - well.values[row])[event.start : event.stop]
        if found.recording.values[row, event.start : event.stop].min() > 0:  # not cut off at zero
            np.testing.assert_allclose(change, change[1] * np.array([0.5, 1.0, 0.5]), rtol=1e-3)


def test_a_pattern_of_a_well_without_variation_is_one_half_and_short_curves_are_mirrored() -> None:
    rng = np.random.default_rng(3)
    flat = only_gamma_ray(np.full(50, 60.0))
    np.testing.assert_array_equal(pattern(flat, Site((0,), 5, 25), rng), 0.5)
    gap = only_gamma_ray(np.where(np.arange(50) < 10, np.arange(50.0), np.nan))
    for _ in range(10):
        found = pattern(gap, Site((0,), 0, 40), rng)
        assert found.shape == (40,) and found.min() == 0.0 and found.max() == 1.0


def test_envelopes_lie_between_nothing_and_all() -> None:
    rng = np.random.default_rng(0)
    for samples in (1, 2, 7, 400):
        shapes = [envelope(samples, rng) for _ in range(60)]
        assert all(shape.shape == (samples,) and shape.min() >= 0 and shape.max() <= 1 for shape in shapes)


def test_roughness_has_unit_variance_and_spectra_of_all_colours() -> None:
    rng = np.random.default_rng(1)
    drawn = [roughness(1000, rng) for _ in range(40)]
    np.testing.assert_allclose([noise.std() for noise in drawn], 1.0, rtol=1e-6)
    correlation = [float(np.corrcoef(noise[1:], noise[:-1])[0, 1]) for noise in drawn]
    assert min(correlation) < 0.3 and max(correlation) > 0.9


def test_lengths_are_even_in_their_logarithm() -> None:
    rng = np.random.default_rng(2)
    drawn = np.log([log_uniform(1.0, 100.0, rng) for _ in range(4000)])
    assert np.mean(drawn) == pytest.approx(np.log(10.0), rel=0.03)
