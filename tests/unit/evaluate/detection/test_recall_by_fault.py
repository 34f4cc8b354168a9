"""Comparison of detectors, checked with detectors of known behaviour."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from aemodels.core.interfaces import WarmStart
from aemodels.core.types import Channel, FloatArray, Recording, Section
from aemodels.detect import FaultNetwork, Fusion, OpenSetNetwork, Rules
from aemodels.detect.base import DetectContext, FaultScores
from aemodels.detect.fault_network.features import flat_lengths, straight_lines
from aemodels.detect.thresholds import Quantile
from aemodels.evaluate.detection.bad_hole_table import bad_hole_table
from aemodels.evaluate.detection.binned_ranking import ScoreBins
from aemodels.evaluate.detection.faulty_copies import event_counts, make_faulty_copies, score_copies
from aemodels.evaluate.detection.leave_one_kind_out import _learns_kind, _refitted_detectors, leave_one_kind_out_table
from aemodels.evaluate.detection.recall_by_fault import TOTALS, confusion_table, fault_recall_table
from aemodels.evaluate.statistics.bootstrap import ratio_interval, resample_counts
from aemodels.experiment.spec import ExperimentSpec, NamedDetector
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS

KINDS = ("depth_shift", "spike", "stuck")


def spec(**anomalies: Any) -> ExperimentSpec:
    faults = [{"kind": "spike"}, {"kind": "stuck"}, {"kind": "depth_shift"}]
    return ExperimentSpec.model_validate(LOGS | {"anomalies": LOGS["anomalies"] | {"faults": faults} | anomalies})


@dataclasses.dataclass(frozen=True, eq=False)
class Oracle:
    """A detector that knows the clean section and scores the difference; it names flat lines stuck, all else spikes."""

    clean: dict[str, Section]

    def score(self, section: Section) -> FloatArray:
        return np.abs(section.values - self.clean[section.name].values)

    def fault_scores(self, section: Section) -> FaultScores:
        flat = np.diff(section.values, axis=1, prepend=np.nan) == 0
        score = np.stack([np.full(flat.shape[1], 0.1), np.full(flat.shape[1], 0.5), flat.any(axis=0) * 1.0])
        return FaultScores(KINDS, score.astype(np.float32))

    def arrays(self) -> dict[str, Any]:
        return {}


WELLS = [make_well(f"W-{n}", seed=n, samples=3000) for n in range(3)]
NORMALISER = CurvePercentiles().fit(WELLS, spec().curves)
ORACLE = Oracle({well.name: NORMALISER.apply(well) for well in WELLS})


def scored(**anomalies: Any) -> Any:
    wanted = spec(**anomalies)
    copies = make_faulty_copies(wanted, WELLS, NORMALISER, repeats=2)
    return score_copies(ORACLE, copies, "logs", threshold=wanted.anomalies.chosen_threshold, explain=True)


def test_a_detector_that_knows_finds_every_event_of_every_kind() -> None:
    table = fault_recall_table("oracle", scored()).set_index("fault")
    assert set(table.index) == {*TOTALS, *KINDS}
    np.testing.assert_allclose(table["event_recall"], 1.0)
    np.testing.assert_allclose(table["recall_at_1pct"], 1.0)
    np.testing.assert_allclose(table["pr_auc"], 1.0, atol=0.005)  # rows of one bin of score are ties
    assert table.loc["all", "events"] == table.loc[list(KINDS), "events"].sum()
    assert (table["pr_auc_low"] <= table["pr_auc"] + 1e-12).all()


@dataclasses.dataclass(frozen=True, eq=False)
class OracleWithoutFlatLines(Oracle):
    """An oracle that misses flat lines."""

    def score(self, section: Section) -> FloatArray:
        return np.where(np.diff(section.values, axis=1, prepend=np.nan) == 0, 0, Oracle.score(self, section))


def test_a_macro_average_gives_every_kind_the_same_weight() -> None:
    wanted = spec()
    copies = make_faulty_copies(wanted, WELLS, NORMALISER, repeats=2)
    found = score_copies(
        OracleWithoutFlatLines(ORACLE.clean), copies, "logs", threshold=wanted.anomalies.chosen_threshold, explain=False
    )
    table = fault_recall_table("partial", found).set_index("fault")
    recall = table["recall_at_1pct"]
    assert recall["stuck"] < 0.1
    assert recall["macro"] == pytest.approx(recall[list(KINDS)].mean())
    assert recall["macro_without_depth_shift"] == pytest.approx(recall[["spike", "stuck"]].mean())
    assert recall["all_without_depth_shift"] < 0.2  # of the rows, spikes are few
    pr = table["pr_auc"]
    assert pr["all_without_depth_shift"] + 0.2 < pr["macro_without_depth_shift"]


def test_straight_lines_are_found_level_or_inclined() -> None:
    values, names = WELLS[0].values.copy(), WELLS[0].names
    level, inclined = (names.index(curve) for curve in NORMALISER.curves[:2])
    values[level, 1000:1300] = values[level, 1000]
    values[inclined, 2000:2100] = np.linspace(*values[inclined, [2000, 2099]], 100)
    section = NORMALISER.apply(dataclasses.replace(WELLS[0], values=values))
    expected = np.zeros(section.values.shape, dtype=np.bool_)
    expected[0, 1000:1300] = expected[1, 2000:2100] = True
    np.testing.assert_array_equal(straight_lines(section), expected)
    assert not straight_lines(NORMALISER.apply(WELLS[0])).any()
    gap = dataclasses.replace(section, mask=section.mask & (np.arange(3000) % 8 > 0))
    assert not straight_lines(gap).any()  # never nine readings in a row


def test_flat_lines_already_in_a_well_are_neither_faults_nor_false_alarms() -> None:
    values = WELLS[0].values.copy()
    values[0, 1000:1300] = values[0, 1000]
    flat = dataclasses.replace(WELLS[0], values=values)
    wells = [flat, *WELLS[1:]]
    clean = {well.name: NORMALISER.apply(well) for well in wells}
    wanted = spec()
    copies = make_faulty_copies(wanted, wells, NORMALISER, repeats=2)

    class Flat(Oracle):
        """An oracle that scores existing flat lines higher still."""

        def score(self, section: Section) -> FloatArray:
            return Oracle.score(self, section) + 100 * (flat_lengths(section) >= 9)

    found = score_copies(Flat(clean), copies, "logs", threshold=wanted.anomalies.chosen_threshold, explain=False)
    own = [item.faulty_copy for item in found if item.faulty_copy.name == flat.name]
    assert all(not copy.clean[1000:1300].any() for copy in own)
    assert all(copy.with_unaltered_as_clean.clean.sum() > copy.clean.sum() for copy in own)
    table = fault_recall_table("flat", found).set_index("fault")
    np.testing.assert_allclose(table["recall_at_1pct"], 1.0)
    every = fault_recall_table(
        "flat", [dataclasses.replace(item, faulty_copy=item.faulty_copy.with_unaltered_as_clean) for item in found]
    )
    assert every.set_index("fault").loc["spike", "recall_at_1pct"] == 0.0  # 300 of 9,000 rows are louder


def test_reasons_are_counted_over_found_events() -> None:
    items = scored()
    table = fault_recall_table("oracle", items).set_index("fault")
    assert table.loc["stuck", "reason_accuracy"] == 1.0
    assert table.loc["spike", "reason_accuracy"] == 1.0
    assert table.loc["depth_shift", "reason_accuracy"] == 0.0  # it is never named
    confusion = confusion_table("oracle", items)
    assert set(confusion.loc[confusion["fault"] == "depth_shift", "named"]) <= {"spike", "stuck"}
    assert confusion["events"].sum() == table.loc["all", "events"]


def test_copies_are_made_until_every_kind_has_the_events_requested() -> None:
    copies = make_faulty_copies(spec(), WELLS, NORMALISER, repeats=1, events=20)
    assert min(event_counts(copies).values()) >= 20
    assert len(copies) % len(WELLS) == 0
    first = make_faulty_copies(spec(), WELLS, NORMALISER, repeats=1)
    np.testing.assert_array_equal(copies[0].recording.values, first[0].recording.values)


def test_faults_are_injected_into_curves_of_the_experiment_only() -> None:
    for copy in make_faulty_copies(spec(), WELLS, NORMALISER, repeats=2):
        assert set(copy.recording.names) == set(spec().curves)


def test_binned_areas_are_those_of_all_samples() -> None:
    rng = np.random.default_rng(0)
    labels = [rng.random(20_000) < 0.05 for _ in range(3)]
    scores = [(rng.normal(0, 1, 20_000) + 1.5 * label).astype(np.float32) for label in labels]
    bins = ScoreBins.from_scores(scores, [~label for label in labels])
    pr, roc = bins.auc(bins.positive_counts(scores, labels))
    every, truth = np.concatenate(scores), np.concatenate(labels)
    assert pr.mean == pytest.approx(average_precision_score(truth, every), abs=2e-3)
    assert roc.mean == pytest.approx(roc_auc_score(truth, every), abs=2e-3)
    assert pr.low < pr.mean < pr.high
    assert roc.high - roc.low < 0.05


def test_unscored_faults_are_not_found() -> None:
    scores = [np.array([np.nan, 5.0, 1.0, 2.0], dtype=np.float32)]
    label = [np.array([True, True, False, False])]
    bins = ScoreBins.from_scores(scores, [~label[0]])
    _, roc = bins.auc(bins.positive_counts(scores, label))
    assert roc.mean == pytest.approx(0.5)


def test_a_pooled_share_and_its_interval_over_wells() -> None:
    found = ratio_interval([0.0, 10.0, 5.0], [10.0, 10.0, 0.0])
    assert (found.mean, found.low, found.high, found.count) == (0.5, 0.0, 1.0, 2)
    counts, probabilities = resample_counts(4)
    np.testing.assert_array_equal(counts.sum(axis=1), 4.0)
    assert probabilities.sum() == pytest.approx(1.0)


class Learner:
    """A detector spec that finds the kinds it was trained on, and nothing else."""

    learns_faults = True

    def fit(self, train: Sequence[Section], context: DetectContext) -> Any:
        assert context.start is None, "what a network starts from may know the kind that is left out"
        known = {getattr(fault, "kind", "") for fault in context.faults}
        return _Trained(known)


@dataclasses.dataclass(frozen=True, eq=False)
class _Trained:
    known: set[str]

    def score(self, section: Section) -> FloatArray:
        difference = ORACLE.score(section)
        flat = np.diff(section.values, axis=1, prepend=np.nan) == 0
        return difference if "stuck" in self.known else np.where(flat, np.float32(0), difference)


def test_a_kind_left_out_of_training_is_missed_by_detectors_that_learn_from_faults() -> None:
    wanted = spec(leave_one_kind_out=True)
    named = wanted.anomalies.detectors[0].model_copy(update={"model": Learner()})
    wanted = wanted.model_copy(update={"anomalies": wanted.anomalies.model_copy(update={"detectors": (named,)})})
    context = DetectContext("logs", 0, {}, faults=wanted.anomalies.faults_for_training)
    copies = make_faulty_copies(wanted, WELLS, NORMALISER, repeats=2)
    detectors = {named.name: Learner().fit((), context)}
    context = dataclasses.replace(context, start=WarmStart(detectors[named.name], "logs-v1"))
    scored = {
        named.name: score_copies(
            detectors[named.name], copies, "logs", threshold=wanted.anomalies.chosen_threshold, explain=False
        )
    }
    table = leave_one_kind_out_table(wanted, context, (), detectors, scored).set_index("fault")
    assert table.loc["stuck", "recall_at_1pct"] < 0.2
    assert table.loc["spike", "recall_at_1pct"] == 1.0
    assert table.loc["median", "recall_at_1pct"] == 1.0
    assert table["refitted"].all()


def test_a_detector_that_chose_the_kind_itself_is_fitted_without_it() -> None:
    assert _learns_kind(OpenSetNetwork(), "drift")
    assert not _learns_kind(OpenSetNetwork(), "spike")
    assert _learns_kind(Fusion(members=("x",)), "spike")
    assert not _learns_kind(Rules(), "stuck")


@pytest.mark.parametrize(
    ("combine", "members", "refitted"),
    [
        ("learned", ("rules",), True),
        ("max", ("rules",), False),
        ("max", ("rules", "net"), True),
        ("sum", ("strangers", "rules"), False),
    ],
)
def test_least_p_values_are_fitted_again_only_where_a_member_is(
    combine: str, members: tuple[str, ...], refitted: bool
) -> None:
    models = {"rules": Rules(), "strangers": OpenSetNetwork(), "net": FaultNetwork()}
    models |= {"fused": Fusion.model_validate({"members": members, "combine": combine})}
    named = [NamedDetector(name=name, model=model) for name, model in models.items()]
    assert _refitted_detectors(named, "spike") == {"net"} | ({"fused"} if refitted else set())


def test_leaving_out_is_done_only_if_requested() -> None:
    assert leave_one_kind_out_table(spec(), DetectContext("logs", 0, {}), (), {}, {}).empty


def _field_well(name: str, seed: int, bad_share: float) -> Recording:
    well = make_well(name, seed=seed, samples=1000, curves=("GR", "RHOB"))
    size = np.full(1000, 8.5, dtype=np.float32)
    caliper = size + 0.2
    caliper[: int(1000 * bad_share)] += 3.0
    caliper[900:] = np.nan
    channels = (*well.channels, Channel("CALI"), Channel("BS"))
    return dataclasses.replace(well, values=np.vstack([well.values, caliper, size]), channels=channels)


def test_bad_hole_is_labelled_by_the_caliper_and_ranked_by_the_score() -> None:
    wells = [_field_well("A", 0, 0.1), _field_well("B", 1, 0.5), make_well("C")]
    perfect = [np.where(np.arange(1000) < 1000 * share, 2.0, 1.0).astype(np.float32) for share in (0.1, 0.5)]
    scores = [*perfect, np.zeros(1200, np.float32)]
    sections = [NORMALISER.apply(well) for well in wells]
    table = bad_hole_table({"x": _Trained(set())}, {"x": scores}, wells, sections, curves=("GR", "RHOB"))
    both = table.set_index("wells").loc["all"]
    assert (both["count"], both["rows"]) == (2, 1800)
    assert both["bad"] == pytest.approx(600 / 1800)
    assert (both["roc_auc"], both["pr_auc"], both["mean_roc"]) == (1.0, 1.0, 1.0)
    light = table.set_index("wells").loc["without_heavy"]
    assert (light["count"], light["rows"]) == (1, 900)


def test_there_is_no_table_if_the_caliper_is_an_input() -> None:
    wells = [_field_well("A", 0, 0.1)]
    scores = {"x": [np.zeros(1000, np.float32)]}
    assert bad_hole_table({}, scores, wells, [], curves=("RHOB", "CALI")).empty


def test_scores_standardised_per_well_rank_the_same_within_it() -> None:
    copies = make_faulty_copies(spec(), WELLS[:1], NORMALISER, repeats=1)
    ways = [Quantile(standardise_per_recording=share) for share in (0.0, 1.0)]
    raw, own = (score_copies(ORACLE, copies, "logs", threshold=way, explain=False)[0].rows for way in ways)
    known = np.isfinite(raw)
    np.testing.assert_array_equal(np.argsort(raw[known], kind="stable"), np.argsort(own[known], kind="stable"))
