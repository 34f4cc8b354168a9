"""The layered earth: its statistics, its structure, its logs and its sections."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from aemodels.core.types import Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.synthetic import FieldSpec
from aemodels.synthetic import rockphysics as rp
from aemodels.synthetic.earth import Earth, build_earth
from aemodels.synthetic.facies import FACIES, FORMATIONS, transition_matrix
from aemodels.synthetic.line import AMPLITUDE, DEPTH_STEP_M, TIME_STEP_S, _reflectivity_in_time, shoot_line
from aemodels.synthetic.rocks import ideal_curves, rock_column
from aemodels.synthetic.spec import LineSpec, StructureSpec, ToolSpec
from aemodels.synthetic.wells import WellLocation, blur, log_well

NAMES = tuple(facies.name for facies in FACIES)
DEPTH = np.arange(1000.0, 2200.0, 0.25)


@pytest.fixture(scope="module", params=[0, 1, 2])
def earth(request: pytest.FixtureRequest) -> Earth:
    return build_earth(FieldSpec(), np.random.default_rng(request.param))


@pytest.fixture(scope="module")
def well(earth: Earth) -> Recording:
    return log_well(earth, WellLocation("crest", earth.fold_east, 0.0, 1000, 2090, 0, 0), np.random.default_rng(5))


@pytest.mark.parametrize("formation", FORMATIONS, ids=lambda formation: formation.name)
def test_chain_is_stochastic_and_never_repeats_a_facies(formation) -> None:
    matrix = transition_matrix(formation, NAMES)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    assert not np.diag(matrix).any()
    absent = [n for n, name in enumerate(NAMES) if name not in formation.shares]
    assert not matrix[:, absent].any()


def test_beds_fill_their_formations_and_neighbours_differ(earth: Earth) -> None:
    beds = earth.beds
    for index, formation in enumerate(FORMATIONS):
        inside = beds.formation == index
        assert beds.thickness[inside].sum() == pytest.approx(formation.thickness_m)
        assert (np.diff(beds.facies[inside]) != 0).all()
    assert (beds.thickness > 0).all()


def test_tops_are_ordered_everywhere_and_the_crest_is_highest(earth: Earth) -> None:
    first = int(np.argmax(earth.beds.formation == 1))
    heights = []
    for east in np.linspace(0.0, 6000.0, 13):
        tops = earth.tops(east, 500.0)
        assert (np.diff(tops) >= 0).all() and tops[0] == earth.spec.structure.seabed_m
        heights.append(tops[first])
    crest = earth.tops(earth.fold_east, 0.0)[first]
    assert crest < min(earth.tops(earth.fold_east - 2500.0, 0.0)[first], earth.tops(5900.0, 0.0)[first])


def test_fault_drops_the_hanging_wall_by_its_throw_at_depth_and_not_above_its_tip(earth: Earth) -> None:
    depth = np.array([500.0, 1400.0, 2000.0])
    np.testing.assert_array_equal(earth.unfault(0.0, 0.0, depth), depth)
    east = earth.fault_east + 2000.0
    np.testing.assert_allclose(depth - earth.unfault(east, 0.0, depth), [0.0, 48.0, 48.0])


def test_rocks_are_physical(earth: Earth) -> None:
    rock = rock_column(earth, (1500.0, 300.0), DEPTH)
    assert ((rock.vshale > 0) & (rock.vshale < 1)).all()
    assert ((rock.effective <= rock.porosity + 1e-9) & (rock.porosity < 0.6)).all()
    assert ((rock.saturation > 0) & (rock.saturation <= 1)).all()
    for name, values in ideal_curves(rock, FACIES).items():
        assert np.isfinite(values).all()
        assert CANONICAL[name].low < values.min() and values.max() < CANONICAL[name].high, name


def test_gamma_ray_follows_shale_volume_outside_hot_shale_and_coal(earth: Earth) -> None:
    rock = rock_column(earth, (1500.0, 300.0), DEPTH)
    usual = ~np.isin(rock.facies, [NAMES.index("hot shale"), NAMES.index("coal")])
    gamma = ideal_curves(rock, FACIES)["GR"][usual]
    assert np.corrcoef(gamma, rock.vshale[usual])[0, 1] > 0.97


def test_shale_compacts_with_depth(earth: Earth) -> None:
    rock = rock_column(earth, (1500.0, 300.0), DEPTH)
    shale = rock.facies == NAMES.index("shale")
    curves = ideal_curves(rock, FACIES)
    upper, lower = shale & (DEPTH < 1300), shale & (DEPTH > 1700)
    assert np.median(curves["RHOB"][lower]) > np.median(curves["RHOB"][upper]) + 0.1
    assert np.median(curves["DTC"][lower]) < np.median(curves["DTC"][upper]) - 10


def test_gas_crosses_density_and_neutron_over_and_raises_resistivity(earth: Earth) -> None:
    depth = np.arange(1000.0, 2200.0, 0.05)
    rock = rock_column(earth, (earth.fold_east, 0.0), depth)
    curves = ideal_curves(rock, FACIES)
    sand = rock.facies == NAMES.index("sand")
    gas = sand & (rock.gas > 0.5) & (rock.saturation < 0.3)
    brine = sand & (rock.saturation > 0.999)
    assert gas.sum() > 10 and brine.sum() > 100
    separation = (2.71 - curves["RHOB"]) / 1.71 - curves["NPHI"]  # density porosity less neutron porosity
    assert np.median(separation[gas]) > np.median(separation[brine]) + 0.1
    assert np.median(curves["RDEP"][gas]) > 8 * np.median(curves["RDEP"][brine])
    assert np.median(curves["RHOB"][gas]) < np.median(curves["RHOB"][brine])


def test_contacts_are_flat_gas_over_oil_over_water(earth: Earth) -> None:
    delta = [formation.name for formation in FORMATIONS].index("delta")
    gas_contact, water_contact = earth.contacts[delta]
    assert water_contact - gas_contact == pytest.approx(62.0 * 0.45)
    for east in (earth.fold_east - 300.0, earth.fold_east, earth.fold_east + 300.0):
        depth = np.arange(water_contact + 0.5, water_contact + 60.0, 0.5)
        assert (rock_column(earth, (east, 0.0), depth).saturation == 1.0).all()


def test_blurring_keeps_the_level_and_averages_thin_beds() -> None:
    level = {name: np.full(400, 2.0) for name in ("GR", "RHOB", "NPHI", "DTC", "RDEP", "RMED")}
    for values in blur(level, 0.05, 0.45).values():
        np.testing.assert_allclose(values, 2.0)
    streak = {name: np.where(np.abs(np.arange(400) - 200) < 4, 10.0, 1.0) for name in level}
    for name, values in blur(streak, 0.05, 0.45).items():
        assert 1.5 < values.max() < 9.0, name
    linear = blur(streak, 0.05, 0.45)
    for name in ("GR", "RHOB", "NPHI", "DTC"):
        assert linear[name].sum() == pytest.approx(streak[name].sum())


def test_logs_lie_within_physical_bounds_and_are_mostly_observed(well: Recording) -> None:
    for name in well.names:
        curve = well.channel(name)
        assert np.nanmin(curve) > CANONICAL[name].low and np.nanmax(curve) < CANONICAL[name].high, name
        assert well.channels[well.names.index(name)].unit == CANONICAL[name].unit
    assert np.isfinite(well.channel("GR")).mean() > 0.98
    assert np.nanmax(well.channel("CALI") - well.channel("BS")) < 2.0  # bad hole is injected, not drilled


def test_logs_vary_smoothly_over_the_tool_and_strongly_over_the_beds(well: Recording) -> None:
    gamma = well.channel("GR")[:7000].astype(float)
    gamma = gamma[np.isfinite(gamma)] - np.nanmean(gamma)
    correlation = [np.mean(gamma[lag:] * gamma[: len(gamma) - lag]) / gamma.var() for lag in (1, 2000)]
    assert correlation[0] > 0.95 and abs(correlation[1]) < 0.5


def test_neighbouring_wells_correlate_and_distant_seeds_do_not(earth: Earth) -> None:
    def gamma(place: tuple[float, float], other: Earth) -> np.ndarray:
        return ideal_curves(rock_column(other, place, DEPTH), FACIES)["GR"]

    near = np.corrcoef(gamma((1000.0, 0.0), earth), gamma((1025.0, 0.0), earth))[0, 1]
    stranger = build_earth(FieldSpec(), np.random.default_rng(999))
    far = np.corrcoef(gamma((1000.0, 0.0), earth), gamma((1000.0, 0.0), stranger))[0, 1]
    assert near > 0.7 and near > abs(far) + 0.2


def test_a_coefficient_is_placed_at_its_two_way_time() -> None:
    """1500 m/s down to 150 m: 200 ms; then an impedance contrast of 2 to 3."""
    depth = np.arange(0.5 * DEPTH_STEP_M, 400.0, DEPTH_STEP_M)
    speed = np.full(depth.size, 1500.0)
    impedance = np.where(depth < 150.0, 2.0, 3.0)
    spikes = _reflectivity_in_time(speed, impedance, 600)
    assert spikes.sum() == pytest.approx(0.2)
    assert np.average(np.arange(600), weights=spikes) * TIME_STEP_S == pytest.approx(0.2, abs=1e-9)


def test_section_is_silent_in_the_water_and_starts_with_a_positive_sea_bed() -> None:
    spec = FieldSpec(line=LineSpec(traces=24, samples=250, noise=0.0))
    line = shoot_line(build_earth(spec, np.random.default_rng(0)), "l", 0.0, np.random.default_rng(1))
    seabed = 2 * 180.0 / 1480.0
    assert np.abs(line.values[:, line.axis < seabed - 0.06]).max() < 1e-3 * AMPLITUDE
    first = line.values[:, (line.axis > seabed - 0.008) & (line.axis < seabed + 0.008)]
    assert (first.max(axis=1) > AMPLITUDE).all()


def test_section_is_coherent_and_noise_has_the_level_asked_for() -> None:
    lines = {}
    for noise in (0.0, 0.2):
        spec = FieldSpec(line=LineSpec(traces=120, noise=noise))
        lines[noise] = shoot_line(build_earth(spec, np.random.default_rng(0)), "l", 0.0, np.random.default_rng(1))
    live = lines[0.0].axis > 0.3
    clean, noisy = lines[0.0].values[:, live], lines[0.2].values[:, live]
    neighbours = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(clean)]
    assert np.median(neighbours) > 0.9
    assert (noisy - clean).std() / AMPLITUDE == pytest.approx(0.2, rel=0.1)


def test_lines_have_headers_that_tie_to_the_wells() -> None:
    spec = FieldSpec(line=LineSpec(traces=20, samples=100))
    line = shoot_line(build_earth(spec, np.random.default_rng(0)), "l", 2000.0, np.random.default_rng(1))
    headers = [channel.headers for channel in line.channels]
    assert {header["inline"] for header in headers} == {1080}
    assert [header["crossline"] for header in headers] == list(range(2000, 2020))
    spacing = np.hypot(np.diff([h["cdp_x"] for h in headers]), np.diff([h["cdp_y"] for h in headers]))
    np.testing.assert_allclose(spacing, 25.0, atol=1.0)


def test_flat_earth_without_fold_dip_or_fault_has_no_structure() -> None:
    flat = StructureSpec(dip=0.0, fold_m=0.0, throw_m=0.0)
    earth = build_earth(FieldSpec(structure=flat), np.random.default_rng(0))
    np.testing.assert_array_equal(earth.unfault(6000.0, 0.0, DEPTH), DEPTH)
    first = int(np.argmax(earth.beds.formation == 1))
    bases = [earth.tops(east, 0.0)[first] for east in np.linspace(0, 6000, 9)]
    assert np.ptp(bases) < 25.0  # the swell alone


def test_noise_free_tools_are_repeatable_and_noise_has_its_level() -> None:
    quiet = ToolSpec(gamma_noise=0.0, density_noise=0.0, neutron_noise=0.0, sonic_noise=0.0, resistivity_noise=0.0)
    loud = quiet.model_copy(update={"density_noise": 0.05})
    place = WellLocation("w", 1000.0, 0.0, 1000, 2040, 0, 0)
    logs = []
    for tools in (quiet, loud):
        spec = FieldSpec(tools=tools)
        logs.append(log_well(build_earth(spec, np.random.default_rng(0)), place, np.random.default_rng(3)))
    difference = logs[1].channel("RHOB") - logs[0].channel("RHOB")
    assert np.nanstd(difference) == pytest.approx(0.05, rel=0.02)
    np.testing.assert_array_equal(logs[0].channel("DTC"), logs[1].channel("DTC"))


def test_specifications_that_cannot_be_built_are_refused() -> None:
    with pytest.raises(ValidationError, match="expected at least 100 m"):
        FieldSpec(top_m=1000.0, base_m=1050.0)
    with pytest.raises(ValidationError, match=r"facies \['coal'\] are missing"):
        FieldSpec(facies=tuple(facies for facies in FACIES if facies.name != "coal"))
    with pytest.raises(ValidationError, match="whole milliseconds"):
        LineSpec(interval_ms=2.5)


def test_seismic_velocity_agrees_with_the_sonic(earth: Earth) -> None:
    """The line and the wells share one impedance: brine-filled rock has the sonic's velocity and the log's density."""
    from aemodels.synthetic.rocks import density, velocity

    rock = rock_column(earth, (500.0, 0.0), DEPTH)
    curves = ideal_curves(rock, FACIES)
    water = rock.saturation == 1.0
    np.testing.assert_allclose(rp.US_PER_FT / velocity(rock, FACIES), curves["DTC"])
    np.testing.assert_allclose(density(rock, FACIES)[water], curves["RHOB"][water])
