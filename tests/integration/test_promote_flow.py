"""Promotion through a real registry: the gate's decision, the aliases it moves, the record it leaves."""

from __future__ import annotations

import copy

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS
from tasks.settings import Settings
from tasks.tracking import NoModelError, connect, download_bundle, find, get, read_table
from tasks.training.holdout import champion_table
from tasks.training.promote import evaluate_challenger, is_replaceable

pytest_plugins = ("helpers.flow_fixtures",)
REPORTED = {"name": "gaps", "decisive": False, "noise": [{"kind": "dropout", "share": 0.1, "length": 5}]}
# of the two, the detector that keeps its false-alarm rate on these few wells
STEADY = {**LOGS["anomalies"], "detectors": LOGS["anomalies"]["detectors"][1:]}


@pytest.fixture(scope="module")
def other_home(prefect_server, tmp_path_factory):
    """A registry of its own for tests that move aliases."""
    home = tmp_path_factory.mktemp("promotions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONDEFLOW_HOME", str(home))
        patch.setenv("SONDEFLOW_COMPARE_WITH_SHIPPED", "false")  # the small models of this story
        yield Settings()


def _train(settings, folder, **changes):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    spec = {**copy.deepcopy(LOGS), "anomalies": STEADY, **changes}
    return run_flow(train, settings, request=TrainRequest(spec=ExperimentSpec.model_validate(spec), data=str(folder)))


def _promote(settings, **parameters):
    from flows.environment import run_flow
    from flows.promote import PromoteRequest, promote

    return run_flow(promote, settings, request=PromoteRequest(name="sondeflow-logs", **parameters))


def _judged_against_shipped(settings):
    """Return the decision on the challenger, which moves no alias."""
    return evaluate_challenger.fn("sondeflow-logs", None, settings.model_copy(update={"compare_with_shipped": True}))


def _decisions(settings):
    client = connect(settings)
    experiment = client.get_experiment_by_name("sondeflow-promotions").experiment_id
    return len(client.search_runs([experiment]))


@pytest.fixture(scope="module")
def story(other_home, field_folder, tmp_path_factory):
    """Versions: a strong one that is not promoted, a good one, one that loses to a baseline, one of many false alarms,
    and a good one on another hold-out.
    """
    wells = field_folder / "wells"
    short = copy.deepcopy(LOGS["contenders"])
    short[0]["model"]["window"] = {"length": 4, "stride": 2}  # good enough to beat the dense one, no more
    test_conditions = [*LOGS["test_conditions"], REPORTED]
    steps = {
        "strong": _train(other_home, wells),
        "against_shipped": _judged_against_shipped(other_home),
        "good": _train(other_home, wells, contenders=short, test_conditions=test_conditions),
        "first": _promote(other_home),
    }
    steps["weak"] = _train(other_home, wells, default="dense")
    steps["refused"] = _promote(other_home)
    steps["champion_after_refusal"] = find(other_home, "models:/sondeflow-logs@champion")
    steps["alarming"] = _train(other_home, wells, anomalies=LOGS["anomalies"])
    steps["refused_alarms"] = _promote(other_home)
    steps["later"] = _train(other_home, wells, split={"test": ["W-3"]})
    steps["second"] = _promote(other_home)
    return steps


def test_without_a_champion_the_bundle_that_comes_along_has_to_be_beaten(story):
    decision = story["against_shipped"]
    assert (decision.champion, decision.opponent) == ("", "logs-v1, which comes with sondeflow")
    (gain,) = [row for row in decision.rows if row["opponent"] == "champion" and row["check"] == "gain"]
    assert 0 < gain["opponent_db"] < gain["challenger_db"], (
        "it denoises these wells too; a model of their own does better"
    )
    assert gain["passed"]
    assert story["first"].opponent == ""


def test_the_first_good_version_becomes_champion(story):
    assert story["first"].accepted
    assert story["first"].champion == ""
    gains = [row for row in story["first"].rows if row["check"] == "gain"]
    assert [row["opponent"] for row in gains] == ["dense"]


def test_a_condition_that_is_only_reported_is_not_judged(story, other_home):
    measured = read_table(other_home, story["good"].run_id, "denoising")
    assert REPORTED["name"] in set(measured["condition"])
    assert REPORTED["name"] not in {row["condition"] for row in story["first"].rows}


def test_a_linear_model_that_wins_is_promoted(story, other_home):
    """The default is the linear Wiener shrinkage, and it is ahead of the network."""
    bundle = Bundle.load(
        download_bundle(other_home, get(other_home, f"models:/sondeflow-logs/{story['good'].version}"))
    )
    assert bundle.spec.contender(bundle.spec.default).model.kind == "pca_wiener"
    assert story["first"].accepted


def test_a_default_that_loses_to_a_baseline_is_refused_and_nothing_moves(story):
    refused = story["refused"]
    assert not refused.accepted
    assert any("pca_wiener" in reason for reason in refused.reasons)
    assert story["champion_after_refusal"].version == story["good"].version


def test_a_version_that_flags_too_much_is_refused(story):
    refused = story["refused_alarms"]
    assert not refused.accepted
    assert any(reason.startswith("false alarms, pooled") for reason in refused.reasons)


def test_a_better_model_beats_the_champion_and_a_worse_one_does_not(story):
    """The champion has short windows, `later` long ones; `weak` is the network of two epochs."""
    against = {
        name: [row for row in story[step].rows if row["opponent"] == "champion" and row["check"] == "gain"]
        for name, step in {"better": "second", "worse": "refused"}.items()
    }
    assert against["better"][0]["margin_db"] > 0
    assert against["worse"][0]["margin_db"] < 0
    assert (story["second"].accepted, story["refused"].accepted) == (True, False)


def test_the_champion_is_measured_on_the_challengers_hold_out(story, other_home):
    rows = [row for row in story["second"].rows if row["opponent"] == "champion" and row["check"] == "gain"]
    assert len(rows) == len(LOGS["test_conditions"])
    recorded = read_table(other_home, story["good"].run_id, "denoising_summary")
    of_first = recorded[recorded["contender"] == "pca_wiener"]["median_db"].iloc[0]
    assert rows[0]["opponent_db"] != pytest.approx(of_first, abs=1e-3), "this is its gain on its own hold-out"


def test_a_promotion_keeps_the_version_before(story, other_home):
    assert story["second"].accepted
    assert get(other_home, "models:/sondeflow-logs@champion").version == story["later"].version
    assert get(other_home, "models:/sondeflow-logs@previous").version == story["good"].version


def test_promoting_the_champion_again_changes_nothing(story, other_home, command_json):
    before = _decisions(other_home)
    code, again = command_json("promote", "logs", "--version", story["later"].version)
    assert (code, again["accepted"], again["reasons"]) == (0, True, [])
    assert _decisions(other_home) == before
    assert get(other_home, "models:/sondeflow-logs@previous").version == story["good"].version


def test_every_decision_is_a_run_with_its_table(story, other_home):
    client = connect(other_home)
    experiment = client.get_experiment_by_name("sondeflow-promotions").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    refused = runs[f"sondeflow-logs-v{story['weak'].version}-refused"]
    assert "pca_wiener" in refused.data.tags["reasons"]
    table = read_table(other_home, refused.info.run_id, "gate")
    assert not table["passed"].all()
    assert refused.data.metrics["smallest_margin_db"] == table[table["check"] == "gain"]["margin_db"].min() < 0


def test_versions_carry_the_gates_verdict(story, other_home):
    client = connect(other_home)
    tags = {step: client.get_model_version("sondeflow-logs", story[step].version).tags for step in ("good", "weak")}
    assert tags["good"]["gate"] == "accepted"
    assert tags["weak"]["gate"] == "refused"
    assert "pca_wiener" in tags["weak"]["gate_reasons"]
    assert client.get_run(tags["weak"]["gate_run"]).data.tags["verdict"] == "refused"


def test_a_decision_is_a_prefect_artifact_with_its_table(story):
    from prefect.artifacts import Artifact

    page = Artifact.get("gate").data.replace("\u00a0", "")
    assert "| check | condition | opponent |" in page
    assert "| rate | nominal | measured |" in page


def test_false_alarms_stand_in_the_decision(story):
    rows = {row["rate"]: row for row in story["first"].false_alarms}
    assert set(rows) == {"pooled", "worst well"}
    assert rows["pooled"]["nominal"] == 0.01


def test_a_bundle_measured_through_another_normaliser_keeps_its_own_gain(story, other_home, field_folder, tmp_path):
    """On its own hold-out, the detour through physical units must give the gain that was recorded."""
    from tasks.ingest.ingest import ingest_file
    from tasks.training.prepare import load_prepared

    spec = ExperimentSpec.model_validate(LOGS)
    refs = tuple(ingest_file(path, other_home)[0].ref for path in sorted((field_folder / "wells").glob("W-*.las")))
    bundle = Bundle.load(
        download_bundle(other_home, get(other_home, f"models:/sondeflow-logs/{story['good'].version}"))
    )
    table = champion_table(spec, load_prepared(spec, refs), bundle)
    measured = table[table["channel"] == "all"]["gain_db"].median()
    recorded = {row["contender"]: row["median_db"] for row in story["good"].denoising}["pca_wiener"]
    assert measured == pytest.approx(recorded, abs=0.01)


def test_a_demo_may_not_replace_a_real_champion(story, other_home):
    assert not is_replaceable.fn("sondeflow-logs", other_home)
    assert is_replaceable.fn("sondeflow-seismic", other_home)


def test_a_version_that_is_not_there_is_named_with_the_remedy(story, other_home):
    with pytest.raises(NoModelError, match="sondeflow train"):
        _promote(other_home, version="99")


def test_without_its_hold_out_a_challenger_is_refused(other_home, story, tmp_path):
    folder = tmp_path / "wells"
    folder.mkdir()
    for number in range(4):
        write_las(make_well(f"N-{number}", samples=700, seed=50 + number), folder / f"{number}.las")
    newer = _train(other_home, folder, split={"test": ["N-3"]})
    hidden = other_home.refs_dir.rename(other_home.home / "hidden")
    try:
        from tasks.training import prepare

        prepare._prepared.cache_clear()
        decision = _promote(other_home, version=newer.version)
    finally:
        hidden.rename(other_home.refs_dir)
    assert not decision.accepted
    assert any("cannot be measured" in reason for reason in decision.reasons)


def test_rolling_back_twice_leaves_all_as_it_was(story, other_home, command_json):
    """And both times are logged; the version that is withdrawn says so."""
    before = {alias: get(other_home, f"models:/sondeflow-logs@{alias}").version for alias in ("champion", "previous")}
    logged = _decisions(other_home)
    code, once = command_json("promote", "logs", "--rollback")
    assert (code, once["champion"], once["withdrawn"]) == (0, before["previous"], before["champion"])
    assert get(other_home, "models:/sondeflow-logs@champion").version == before["previous"]
    tags = connect(other_home).get_model_version("sondeflow-logs", before["champion"]).tags
    assert tags["gate"] == f"withdrawn in favour of v{before['previous']}"
    code, twice = command_json("promote", "logs", "--rollback")
    assert (code, twice["champion"]) == (0, before["champion"])
    after = {alias: get(other_home, f"models:/sondeflow-logs@{alias}").version for alias in ("champion", "previous")}
    assert after == before
    assert _decisions(other_home) == logged + 2


def test_without_a_champion_before_there_is_no_way_back(other_home, command_json):
    code, answer = command_json("promote", "seismic", "--rollback")
    assert code == 1
    assert "sondeflow promote" in answer["error"]


def test_a_rollback_to_a_version_is_bad_usage(other_home, command_json):
    assert command_json("promote", "logs", "--rollback", "--version", "1")[0] == 2
