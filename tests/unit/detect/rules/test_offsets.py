"""Offset intervals between two opposite jumps, distinguished from beds."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Section
from aemodels.detect.rules.offsets import MAX_SAMPLES, StepStatistics, known_step_interval, step_interval

INSIDE = slice(900, 1100)


def _section(seed: int = 0, curves: int = 2, samples: int = 2000) -> Section:
    """Rock that changes over some samples, and readings that are a little rough."""
    rng = np.random.default_rng(seed)
    slow = np.cumsum(rng.normal(0, 0.004, (curves, samples)), axis=1)
    values = (0.5 + slow + rng.normal(0, 0.003, (curves, samples))).astype(np.float32)
    return Section("W", values, np.ones(values.shape, dtype=np.bool_), np.ones(curves, dtype=np.float32))


def _altered(section: Section, window: slice, by: float, rows: tuple[int, ...] = (0,)) -> Section:
    values = section.values.copy()
    for row in rows:
        values[row, window] += by
    return section.with_values(values)


@pytest.mark.parametrize("jump", [-0.2, 0.15, 0.4])
def test_an_offset_interval_is_found_from_edge_to_edge(jump: float) -> None:
    statistics = StepStatistics.from_section(_altered(_section(), INSIDE, jump))
    for found in (step_interval(statistics[0]), known_step_interval(statistics[0], jump)):
        assert found[INSIDE].min() > 5.0
        assert not found[: INSIDE.start].any()
        assert not found[INSIDE.stop :].any()
    assert not step_interval(statistics[1]).any()


def test_a_jump_of_another_size_is_not_a_known_step() -> None:
    statistics = StepStatistics.from_section(_altered(_section(), INSIDE, -0.6))[0]
    assert not known_step_interval(statistics, -0.2).any()
    assert not known_step_interval(statistics, 0.6).any()


def test_clean_rock_has_no_offset_interval() -> None:
    for seed in range(5):
        for statistics in StepStatistics.from_section(_section(seed, curves=4)):
            assert not step_interval(statistics).any()
            assert not known_step_interval(statistics, -0.2).any()


def test_a_bed_on_several_curves_is_not_an_offset() -> None:
    statistics = StepStatistics.from_section(_altered(_section(), INSIDE, 0.3, rows=(0, 1)))
    assert not any(step_interval(curve).any() or known_step_interval(curve, 0.3).any() for curve in statistics)


def test_a_bed_with_gradual_boundaries_is_not_an_offset() -> None:
    section = _section()
    ramp = np.interp(np.arange(2000), [898, 904, 1096, 1102], [0, 0.3, 0.3, 0])
    statistics = StepStatistics.from_section(
        section.with_values((section.values + ramp * np.array([[1], [0]])).astype(np.float32))
    )[0]
    assert not step_interval(statistics).any()
    assert not known_step_interval(statistics, 0.3).any()


@pytest.mark.parametrize("window", [slice(900, 910), slice(900, 900 + MAX_SAMPLES + 10), slice(900, 2000)])
def test_an_interval_too_short_too_long_or_without_an_end_is_not_an_offset(window: slice) -> None:
    statistics = StepStatistics.from_section(_altered(_section(), window, 0.3))[0]
    assert not step_interval(statistics).any()
    assert not known_step_interval(statistics, 0.3).any()


def test_nothing_is_found_across_a_gap() -> None:
    section = _altered(_section(), INSIDE, 0.3)
    mask = section.mask.copy()
    mask[0, INSIDE.start - 3 : INSIDE.start + 3] = False
    gap = Section(section.name, section.values, mask, section.scale)
    assert not step_interval(StepStatistics.from_section(gap)[0]).any()
    assert not step_interval(
        StepStatistics.from_section(Section("W", section.values, np.zeros_like(mask), section.scale))[0]
    ).any()


def _predicted(section: Section) -> np.ndarray:
    """What the other curve says: the rock of the curve itself before anything was done to it."""
    return section.values.copy()


def test_an_offset_that_the_other_curves_contradict_is_found_inside_too() -> None:
    clean = _section()
    altered = _altered(clean, INSIDE, 0.3)
    statistics = StepStatistics.from_section(altered, _predicted(clean))[0]
    for found in (step_interval(statistics), known_step_interval(statistics, 0.3)):
        assert found[INSIDE].min() > 5.0
        assert not found[: INSIDE.start].any()


def test_a_bed_that_the_other_curves_agree_with_is_rock_however_sharp_its_ends() -> None:
    altered = _altered(_section(), INSIDE, 0.3)
    statistics = StepStatistics.from_section(altered, _predicted(altered))[0]
    assert step_interval(StepStatistics.from_section(altered)[0]).any()
    assert not step_interval(statistics).any()
    assert not known_step_interval(statistics, 0.3).any()


def test_one_step_of_a_larger_change_is_no_known_step() -> None:
    clean = _section()
    larger = _altered(_altered(clean, slice(899, 1101), 0.25), INSIDE, 0.3)  # two steps up, two steps down
    statistics = StepStatistics.from_section(larger, _predicted(clean))[0]
    assert not known_step_interval(statistics, 0.3).any()
    exact = StepStatistics.from_section(_altered(clean, INSIDE, 0.3), _predicted(clean))[0]
    assert known_step_interval(exact, 0.3).any()


def test_the_score_of_an_interval_is_where_its_evidence_lies() -> None:
    clean = _section()
    altered = _altered(clean, slice(900, 1200), 0.3)
    predicted = _predicted(clean)
    predicted[0, 1100:1200] += 0.3  # the other curves agree with the last third
    found = known_step_interval(StepStatistics.from_section(altered, predicted)[0], 0.3)
    assert found[920:1080].min() > 5.0
    assert found[1130:1170].max() == 0.0


def test_without_another_curve_there_is_no_evidence_inside() -> None:
    altered = _altered(_section(curves=1), INSIDE, 0.3)
    statistics = StepStatistics.from_section(altered, np.full_like(altered.values, 0.5))[0]
    assert not step_interval(statistics).any()


def test_the_length_that_the_rule_decides_alone_is_bounded() -> None:
    clean = _section()
    statistics = StepStatistics.from_section(_altered(clean, INSIDE, 0.3), _predicted(clean))[0]
    length = INSIDE.stop - INSIDE.start
    assert step_interval(statistics, length).any()
    assert not step_interval(statistics, length - 1).any()
