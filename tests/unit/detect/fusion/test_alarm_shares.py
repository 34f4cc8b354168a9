"""Shares of the false alarms among components with known strengths."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.detect.fusion.alarm_shares import ALARM_RATE, LEVELS, SILENT, fit_levels
from aemodels.detect.fusion.calibration_set import LabelledSection
from aemodels.detect.fusion.combine import fit_combination
from helpers.recordings import make_section

ROWS = 6000
KINDS = np.full(ROWS, -1)
KINDS[1000:1100], KINDS[3000:3400] = 0, 1


def _copy(*evidence: dict[int, float], seed: int = 0) -> tuple[np.ndarray, LabelledSection]:
    """-log10 p of components that are uniform on clean rows, and lie about a value on the rows of some kinds."""
    rng = np.random.default_rng(seed)
    p_values = -np.log10(rng.random((len(evidence), 2, ROWS)))
    for component, kinds in enumerate(evidence):
        for kind, value in kinds.items():
            p_values[component][:, kind == KINDS] = value + rng.normal(0, 0.3, (2, int((kind == KINDS).sum())))
    label = np.stack([KINDS >= 0, np.zeros(ROWS, dtype=bool)])
    section = make_section(np.zeros((2, ROWS)))
    return p_values.astype(np.float32), LabelledSection(section, label, KINDS, np.ones((2, ROWS), dtype=bool))


def test_each_component_gets_the_share_that_its_kind_needs() -> None:
    levels = fit_levels([[_copy({0: 6.0}, {1: 3.0}, {}, seed=seed)] for seed in range(4)])
    assert 3.0 < levels[0] < 6.0
    assert levels[1] < 3.0
    assert levels[2] == SILENT


def test_all_components_together_keep_the_rate() -> None:
    copies = [[_copy({0: 2.5}, {1: 2.2}, {0: 1.5}, seed=seed)] for seed in range(4)]
    levels = fit_levels(copies)
    for p_values, truth in (_copy({0: 2.5}, {1: 2.2}, {0: 1.5}, seed=9), copies[0][0]):
        clean = (p_values.max(axis=1) > levels[:, None]).any(axis=0)[truth.kinds < 0]
        assert clean.mean() < 1.5 * ALARM_RATE


def test_a_kind_with_few_rows_counts_as_much_as_one_with_many() -> None:
    levels = fit_levels([[_copy({0: 3.5}, {1: 3.5}, seed=seed)] for seed in range(4)])
    assert (levels < 3.5).all()


@pytest.mark.parametrize("strong", [0, 1])
def test_the_combined_score_passes_two_where_a_component_passes_its_level(strong: int) -> None:
    evidence: list[dict[int, float]] = [{}, {}]
    evidence[strong] = {0: 6.0, 1: 6.0}
    pairs = [[_copy(*evidence, seed=seed)] for seed in range(3)]
    combination = fit_combination(
        "shares",
        [[p for p, _ in copies] for copies in pairs],
        [[t for _, t in copies] for copies in pairs],
        kind="logs",
    )
    p_values, truth = pairs[0][0]
    flagged = combination.combine(p_values) > 2.0
    levels = combination.weights[0]
    np.testing.assert_array_equal(flagged, (p_values > levels[:, None, None]).any(axis=0))
    assert flagged.any(axis=0)[truth.kinds >= 0].mean() > 0.9
    assert levels[strong] in LEVELS
