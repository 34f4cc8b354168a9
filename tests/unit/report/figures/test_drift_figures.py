"""Drift figures: every feature with its limit and verdict, and the distributions."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.monitoring.build_reference import ScoredRecording, build_reference
from aemodels.monitoring.drift import NOTHING, FeatureDrift, Window
from aemodels.monitoring.histogram import bin_counts
from aemodels.report.figures.drift import COLOURS, drift_bars, drift_distributions
from aemodels.report.figures.index import figure_png
from helpers.recordings import make_well
from helpers.scored import CURVES, scored

ROWS = (
    FeatureDrift("GR", "steady", psi=0.05, psi_limit=0.25, ks=0.08, ks_limit=0.3, missing=0.1, missing_reference=0.05),
    FeatureDrift("RHOB", "drift", psi=0.9, psi_limit=0.4, ks=0.5, ks_limit=0.3, missing=0.2, missing_reference=0.3),
    FeatureDrift("DTC", "missing", missing=1.0, missing_reference=0.2),
    FeatureDrift("flag_rate", "steady", ks=0.02, ks_limit=0.2),
)


@pytest.fixture(scope="module")
def reference():
    return build_reference(
        "logs", CURVES, [ScoredRecording(f"R-{n}", n > 2, scored(make_well(seed=n))) for n in range(4)]
    )


def test_every_feature_has_a_bar_a_limit_and_a_verdict():
    figure = drift_bars(ROWS, title="new data")
    psi, ks, missing = figure.axes
    assert [label.get_text() for label in psi.get_yticklabels()] == ["GR", "RHOB", "DTC", "flag_rate"]
    assert [bar.get_width() for bar in psi.patches] == [0.05, 0.9]
    assert [bar.get_width() for bar in ks.patches] == [0.08, 0.5, 0.02]
    assert [bar.get_width() for bar in missing.patches] == [0.1, 0.2, 1.0]
    assert [line.get_xdata()[0] for line in psi.lines] == [0.25, 0.4]
    assert [line.get_xdata()[0] for line in missing.lines] == [0.05, 0.3, 0.2]
    assert [text.get_text() for text in missing.texts] == ["steady", "drift", "missing", "steady"]
    assert psi.patches[0].get_facecolor() != psi.patches[1].get_facecolor()
    assert set(COLOURS) == {"steady", "watch", "drift", "missing", "too few"}
    assert figure_png(figure).startswith(b"\x89PNG")


def test_distributions_are_cumulative_and_agree_with_the_values(reference):
    values = make_well(seed=9).values
    features = {curve: bin_counts(values[row], reference.features[curve].edges) for row, curve in enumerate(CURVES)}
    figure = drift_distributions(reference, Window(1, 1200, 0, features, {}), ROWS)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == ["GR: steady", "RHOB: drift", "DTC: missing"]
    assert len(shown[0].lines) == 4 + 1 + 1
    now = shown[0].lines[-1]
    middle = len(now.get_xdata()) // 2
    assert now.get_ydata()[middle] == pytest.approx(np.mean(values[0] <= now.get_xdata()[middle]))
    assert (np.diff(now.get_ydata()) >= 0).all()
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        *("each training well", "reference", "new data")
    }
    assert figure_png(figure).startswith(b"\x89PNG")


def test_an_empty_figure_is_refused(reference):
    with pytest.raises(DataError, match="at least one"):
        drift_bars(())
    with pytest.raises(DataError, match="feature of the reference"):
        drift_distributions(reference, NOTHING, [FeatureDrift("flag_rate", "steady")])
