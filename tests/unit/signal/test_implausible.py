"""Readings outside the physical range: noise near a bound stays, what noise cannot explain is hidden."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.types import Channel, Recording, Source
from aemodels.signal.implausible import implausible, unusable_readings
from aemodels.signal.quality_rules import assess


def neutron(values: np.ndarray) -> Recording:
    return Recording(
        values=values[None].astype(np.float32),
        axis=1000.0 + 0.1524 * np.arange(values.size),
        channels=(Channel("NPHI"),),
        kind="logs",
        source=Source("made", "0" * 64),
        name="made",
    )


def test_noise_about_a_tight_bed_is_kept() -> None:
    rng = np.random.default_rng(0)
    recording = neutron(0.02 + 0.08 * rng.standard_normal(4000))
    quality = assess(recording)
    assert quality.flags["range"].sum() > 20
    assert not implausible(recording, quality).any()


def test_a_reading_that_noise_cannot_explain_is_hidden() -> None:
    rng = np.random.default_rng(1)
    values = 0.2 + 0.005 * rng.standard_normal(4000)
    values[100:140] *= 100.0  # per cent
    values[2000] = -0.6
    recording = neutron(values)
    expected = np.zeros(4000, dtype=bool)
    expected[100:140] = expected[2000] = True
    np.testing.assert_array_equal(implausible(recording, assess(recording))[0], expected)


def test_a_noiseless_curve_has_no_excuse() -> None:
    values = np.full(400, 0.2)
    values[50] = -0.16
    recording = neutron(values)
    assert implausible(recording, assess(recording)).sum() == 1


def test_traces_have_no_physical_range(line: Recording) -> None:
    assert not implausible(line, assess(line)).any()


def test_noise_about_the_end_of_a_resistivity_s_range_is_kept_and_the_impossible_hidden() -> None:
    rng = np.random.default_rng(2)
    values = 10 ** (4.9 + 0.2 * rng.standard_normal(4000))  # the range ends at 100,000 ohm.m
    values[100], values[200] = -5.0, 0.0
    recording = dataclasses.replace(neutron(values), channels=(Channel("RDEP"),))
    quality = assess(recording)
    assert quality.flags["range"].sum() > 200
    assert np.flatnonzero(implausible(recording, quality)[0]).tolist() == [100, 200]
    quiet = np.full(4000, 2000.0)
    quiet[300] = 1e7
    recording = dataclasses.replace(neutron(quiet), channels=(Channel("RDEP"),))
    assert np.flatnonzero(implausible(recording, assess(recording))[0]).tolist() == [300]


def test_unusable_readings_are_those_that_no_rock_made() -> None:
    rng = np.random.default_rng(3)
    values = 0.25 + 0.03 * rng.standard_normal(3000)
    values[200:400] = 0.25  # stuck
    values[rng.choice(np.arange(500, 2000), 90, replace=False)] = 0.45  # the end of the scale, 3 % of the readings
    values[2500] = 7.0  # beyond the physical range
    values[2700:2800] = np.nan
    found = unusable_readings(neutron(values))[0]
    assert found[200:400].all() and found[2500]
    assert found[values == 0.45].all()
    others = np.isfinite(values) & (values != 0.45)
    others[200:400] = others[2500] = False
    assert found[others].mean() < 0.01
    assert not found[2700:2800].any()


def test_a_highest_reading_that_is_rare_is_usable() -> None:
    values = 0.25 + 0.03 * np.random.default_rng(4).standard_normal(3000)
    values[[500, 900, 1700]] = 0.42
    assert not unusable_readings(neutron(values)).any()
