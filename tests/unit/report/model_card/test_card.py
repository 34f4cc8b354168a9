"""The model card agrees with the tables."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from aemodels.experiment.spec import ExperimentSpec
from aemodels.experiment.start import StartSpec
from aemodels.report.model_card.card import headline, render_card, table
from aemodels.report.model_card.tables import CardTables
from aemodels.report.model_card.weaknesses import weaknesses
from helpers.tiny_specs import LOGS

ROLES = {"train": ["W-0", "W-1"], "validation": ["W-2"], "test": ["W|3", "W-4", "W-5"]}


@pytest.fixture
def spec() -> ExperimentSpec:
    return ExperimentSpec.model_validate(copy.deepcopy(LOGS))


def _tables(**gains: tuple[float, float, float]) -> CardTables:
    rows = [
        {"contender": name, "condition": "noise 0.2", "section": f"W-{n + 3}", "channel": channel, "gain_db": gain}
        for name, values in gains.items()
        for channel in ("all", "GR")
        for n, gain in enumerate(values)
    ]
    detectors = [
        {"detector": name, "role": role, "section": f"W-{n}", "pr_auc": 0.4, "roc_auc": 0.8, "recall_at_1pct": 0.25}
        for name in ("dense_error", "pca_error")
        for role in ("validation", "test")
        for n in range(2)
    ]
    faults = [
        {"detector": "pca_error", "fault": "stuck", "events": 7, "recall_at_1pct": 0.03},
        {"detector": "pca_error", "fault": "spike", "events": 9, "recall_at_1pct": 0.97},
        {"detector": "dense_error", "fault": "spike", "events": 9, "recall_at_1pct": 0.01},
    ]
    thresholds = [
        {
            "detector": "pca_error",
            "threshold_kind": kind,
            "value": 1.25,
            "nominal": 0.01,
            "pooled": 0.008,
            "worst": 0.03,
        }
        for kind in ("quantile", "conformal")
    ]
    return CardTables(*(pd.DataFrame(part) for part in (rows, detectors, faults, thresholds)))


def test_every_section_is_present(spec):
    card = render_card(spec, ROLES, _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(1.0, 2.0, 3.0)), "pca_error").replace(
        "\u00a0", ""
    )
    assert card.startswith(
        "**sondeflow-logs, experiment tiny-logs.** noise 0.2: pca_wiener has a mean SNR gain of 10.00"
    )
    for part in ("Purpose", "Data and split", "Denoising", "Thresholds", "Known weaknesses", "How to load"):
        assert part in card
    assert "| test | 3 | W\\|3, W-4, W-5 |" in card
    assert "| **pca_wiener** | 10.00 (9.00 to 11.00) |" in card
    assert "| **conformal** | 1.25 | 1.00% | 0.80% | 3.00% |" in card
    assert 'load_model("models:/sondeflow-logs@champion")' in card


def test_the_headline_names_the_best_other_contender(spec):
    tables = _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(1.0, 2.0, 3.0))
    assert "+8.00 dB compared with dense" in headline(spec, tables.denoising)


def test_weaknesses_of_a_good_model_are_only_those_measured(spec):
    found = weaknesses(spec, _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(1.0, 2.0, 3.0)), "pca_error")
    assert [sentence for sentence in found if "fault" in sentence] == [
        "fault **stuck**: pca_error has a recall of 3% at a false-alarm rate of 1 % (7 events); "
        "quality rules may still detect it"
    ]
    assert any("false-alarm rate, worst well: 3.00% measured" in sentence for sentence in found)
    assert any("12.5%" in sentence for sentence in found)
    assert not any("not significantly" in sentence or "curve" in sentence for sentence in found)


def test_a_contender_that_is_better_in_one_well_is_named(spec):
    found = weaknesses(spec, _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(1.0, 2.0, 12.0)), "pca_error")
    expected = "not significantly better than **dense** (+5.00 dB, better in 2 of 3)"
    assert any(expected in sentence for sentence in found)


def test_a_curve_on_which_another_contender_is_better_is_named(spec):
    found = weaknesses(spec, _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(9.5, 10.5, 11.5)), "pca_error")
    assert any("curve **GR**, noise 0.2: the gain of dense is 0.50 dB higher" in sentence for sentence in found)


def test_a_table_has_one_line_per_row():
    assert table(("a",), [("x\ny",)]).replace("\u00a0", "").splitlines() == ["| a |", "|---|", "| x y |"]


def test_the_card_names_the_bundle_that_networks_started_from(spec):
    tables = _tables(pca_wiener=(9.0, 10.0, 11.0), dense=(1.0, 2.0, 3.0))
    assert "**Start.**" not in render_card(spec, ROLES, tables, "pca_error")
    start = StartSpec(bundle="logs-v1", content_hash="ab" * 32, networks=("dense",), keep_normaliser=False)
    card = render_card(spec.model_copy(update={"start": start}), ROLES, tables, "pca_error")
    assert (
        "The networks dense were not trained from nothing: they start from those of logs-v1 (hash abababababab)" in card
    )
    assert "15% of the steps and 0.3 times the learning rate" in card
    assert "scaling of the data is fitted to the training data below" in card
