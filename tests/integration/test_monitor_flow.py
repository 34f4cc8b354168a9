"""Monitoring through a real Prefect server, MLflow store and outbox: calm, shifted, old and damaged data."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from aemodels.monitoring.reference import PCA_ERROR
from helpers.recordings import CURVES, make_line, make_well
from helpers.tiny_specs import LOGS, SEISMIC
from tasks.monitoring.count import count_file
from tasks.monitoring.monitor import MonitorRequest
from tasks.scoring.outbox import FEATURES
from tasks.settings import Settings
from tasks.tracking import connect, download_bundle, find, get, promote, read_document, read_table

pytest_plugins = ("helpers.flow_fixtures",)
FIVE = tuple(CURVES)


def _drain(inbox: Path, outbox: Path, settings: Settings):
    from flows.environment import run_flow
    from flows.score import ScoreRequest, score

    return run_flow(score, settings, request=ScoreRequest(inbox=str(inbox), outbox=str(outbox)))


def _monitor(settings: Settings, outbox: Path, **parameters):
    from flows.environment import run_flow
    from flows.monitor import monitor

    return run_flow(monitor, settings, request=MonitorRequest(outbox=str(outbox), **parameters))


def _by_kind(result):
    return {report.kind: report for report in result.reports}


@pytest.fixture(scope="module")
def home(prefect_server, tmp_path_factory):
    """A registry of its own, with champions of both kinds that know all five curves."""
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    place = tmp_path_factory.mktemp("monitoring")
    for number in range(10):
        (place / "wells").mkdir(exist_ok=True)
        write_las(make_well(f"W-{number}", samples=900, seed=number), place / "wells" / f"W-{number}.las")
    write_segy(make_line(traces=360, samples=160), place / "line.sgy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONDEFLOW_HOME", str(place / "home"))
        settings = Settings()
        logs = {**copy.deepcopy(LOGS), "curves": FIVE, "contenders": LOGS["contenders"][:1]}
        logs["contenders"] += [{"name": "gaussian_filter", "model": {"kind": "gaussian_filter"}}]
        logs["anomalies"]["detectors"] = [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}]
        for spec, data in ((logs, place / "wells"), (SEISMIC, place / "line.sgy")):
            made = run_flow(
                train, settings, request=TrainRequest(spec=ExperimentSpec.model_validate(spec), data=str(data))
            )
            promote(settings, get(settings, f"models:/{made.model}/{made.version}"))
        yield settings


def _deliver(inbox: Path, *, wells: int = 4, change=lambda well: well, noise: float = 0.0) -> None:
    inbox.mkdir(parents=True, exist_ok=True)
    for number in range(wells):
        write_las(change(make_well(f"N-{number}", samples=900, seed=500 + number)), inbox / f"N-{number}.las")
    line = make_line("new", traces=120, samples=160, seed=0)
    rng = np.random.default_rng(3)
    values = line.values + noise * line.values.std() * rng.normal(size=line.values.shape)
    write_segy(line.with_values(values.astype(np.float32)), inbox / "line.sgy")


def _shifted(well):
    values = well.values.copy()
    values[FIVE.index("GR")] *= 1.5
    values[FIVE.index("RHOB")] += 0.15
    values[FIVE.index("NPHI")] += 0.15  # percent instead of v/v would be mended by the reader
    keep = [row for row, curve in enumerate(FIVE) if curve != "DTC"]
    return dataclasses.replace(well, values=values[keep], channels=tuple(well.channels[row] for row in keep))


@pytest.fixture(scope="module")
def calm(home, tmp_path_factory):
    place = tmp_path_factory.mktemp("calm")
    _deliver(place / "inbox")
    assert _drain(place / "inbox", place / "outbox", home).scored == 5
    return place / "outbox"


@pytest.fixture(scope="module")
def shifted(home, tmp_path_factory):
    place = tmp_path_factory.mktemp("shifted")
    _deliver(place / "inbox", change=_shifted, noise=1.5)
    assert _drain(place / "inbox", place / "outbox", home).scored == 5
    return place / "outbox"


def test_data_like_those_of_the_training_raise_no_alarm(home, calm):
    result = _monitor(home, calm)
    reports = _by_kind(result)
    assert not result.alarm
    assert (reports["logs"].verdict, reports["seismic"].verdict) == ("steady", "steady")
    assert (reports["logs"].files, reports["logs"].rows) == (4, 3600)
    assert (reports["seismic"].files, reports["seismic"].rows) == (1, 120)
    assert result.trained is None


def test_a_shifted_inbox_raises_an_alarm_that_names_exactly_what_shifted(home, shifted):
    result = _monitor(home, shifted)
    reports = _by_kind(result)
    assert result.alarm
    assert set(reports["logs"].inputs) == {"GR", "RHOB", "NPHI", "DTC"}
    verdicts = {row.feature: row.verdict for row in reports["logs"].table}
    assert (verdicts["DTC"], verdicts["RDEP"]) == ("missing", "steady")
    assert {"frequency", "bandwidth", "autocorrelation"} <= set(reports["seismic"].inputs)
    assert "relative_rms" not in reports["seismic"].inputs
    assert PCA_ERROR in reports["seismic"].signals


def test_an_alarm_is_a_run_with_table_figures_and_metrics_and_an_event(home, shifted):
    result = _monitor(home, shifted)
    client = connect(home)
    for report in result.reports:
        run = client.get_run(report.run_id)
        assert run.data.tags["verdict"] == "drift"
        assert len(run.data.metrics) <= 30
        table = read_table(home, report.run_id, "drift")
        assert list(table["feature"]) == [row.feature for row in report.table]
        assert read_document(home, report.run_id, "drift.json")["verdict"] == "drift"
        figures = {entry.path for entry in client.list_artifacts(report.run_id, "figures")}
        assert figures == {"figures/drift.png", "figures/distributions.png"}
    for report in result.reports:
        (event,) = _events(report.run_id)
        assert event["resource"]["sondeflow.alarm"] == "true"
        assert event["payload"]["inputs"] == list(report.inputs)


def _events(run_id: str) -> list[dict]:
    """The drift events of a run on the Prefect server; they arrive a moment later."""
    from prefect.client.orchestration import get_client

    for _ in range(100):
        with get_client(sync_client=True) as client:
            reply = client.request("POST", "/events/filter", json={"filter": {"event": {"name": ["sondeflow.drift"]}}})
        found = [event for event in reply.json()["events"] if event["payload"]["run_id"] == run_id]
        if found:
            return found
        time.sleep(0.1)
    return []


def test_every_run_leaves_an_artifact_with_the_table(home, calm):
    from prefect.client.orchestration import get_client

    _monitor(home, calm)
    with get_client(sync_client=True) as client:
        reply = client.request("GET", "/artifacts/drift/latest")
    assert "# Drift: no alarm" in reply.json()["data"]
    assert "| RHOB | g/cm3 | steady |" in reply.json()["data"]


def test_the_columns_of_a_line_are_the_contract_and_its_features_travel_beside_them(home, shifted):
    path = next((shifted / "scores" / "kind=seismic").rglob("*.parquet"))
    stored = pq.read_schema(path)
    assert set(json.loads(stored.metadata[FEATURES])) == {
        *("relative_rms", "frequency", "bandwidth", "kurtosis", "autocorrelation", "pca_error")
    }
    assert stored.names[-4:] == ["score", "threshold", "is_anomaly", "reason"]


def test_only_what_was_scored_in_the_window_counts(home, calm, tmp_path):
    outbox = tmp_path / "outbox"
    shutil.copytree(calm, outbox)
    long_ago = time.time() - 30 * 24 * 3600
    old, *recent = sorted((outbox / "scores" / "kind=logs").rglob("*.parquet"))
    os.utime(old, (long_ago, long_ago))
    assert _by_kind(_monitor(home, outbox))["logs"].files == len(recent)
    assert _by_kind(_monitor(home, outbox, hours=24 * 60))["logs"].files == len(recent) + 1
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    later = _monitor(home, outbox, since=tomorrow)
    assert {report.verdict for report in later.reports} == {"no data"}
    assert not later.alarm


def test_a_damaged_score_file_is_named_and_the_others_are_judged(home, calm, tmp_path):
    outbox = tmp_path / "outbox"
    shutil.copytree(calm, outbox)
    broken, *others = sorted((outbox / "scores" / "kind=logs").rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:-100])
    report = _by_kind(_monitor(home, outbox))["logs"]
    assert report.files == len(others)
    assert len(report.unreadable) == 1
    assert str(broken) in report.unreadable[0]


def test_a_bundle_without_a_reference_is_reported(home, calm, tmp_path):
    """As written before there was monitoring: no reference.npz, and no mention of it."""
    bundle = tmp_path / "old"
    shutil.copytree(download_bundle(home, get(home, "models:/sondeflow-logs@champion")), bundle)
    (bundle / "reference.npz").unlink()
    manifest = json.loads((bundle / "bundle.json").read_text())
    del manifest["files"]["reference.npz"]
    (bundle / "bundle.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    inbox = tmp_path / "inbox"
    _deliver(inbox, wells=1)
    (inbox / "line.sgy").unlink()
    from flows.environment import run_flow
    from flows.score import ScoreRequest, score

    request = ScoreRequest(inbox=str(inbox), outbox=str(tmp_path / "out"), bundle=str(bundle))
    assert run_flow(score, home, request=request).scored == 1
    result = _monitor(home, tmp_path / "out", bundle=str(bundle))
    assert [(report.verdict, report.files) for report in result.reports] == [("no reference", 1)]
    assert not result.alarm


def test_counting_in_small_batches_gives_the_same_counts(home, calm, monkeypatch):
    from aemodels.bundle.reference_view import ReferenceView

    view = ReferenceView.load(download_bundle(home, get(home, "models:/sondeflow-logs@champion")))
    path = next((calm / "scores" / "kind=logs").rglob("*.parquet"))
    whole = count_file(path, view.reference, FIVE)
    monkeypatch.setattr("tasks.monitoring.count.BATCH_ROWS", 128)
    parts = count_file(path, view.reference, FIVE)
    for curve in FIVE:
        np.testing.assert_array_equal(parts.features[curve].counts, whole.features[curve].counts)
    assert (parts.rows, parts.flagged) == (whole.rows, whole.flagged)


@pytest.mark.slow
def test_an_alarm_may_train_a_challenger_that_the_gate_alone_promotes(home, shifted, tmp_path):
    import yaml

    spec = tmp_path / "challenger.yaml"
    weak = {**copy.deepcopy(LOGS), "default": "dense", "split": {"test": ["W-3"]}}
    spec.write_text(yaml.safe_dump(weak))
    champion = find(home, "models:/sondeflow-logs@champion").version
    wells = str(Path(home.home).parent / "wells")
    options = {"trigger_training": True, "train_spec": str(spec), "train_data": wells}
    left = _monitor(home, shifted, **options)
    assert left.trained.version != champion
    assert left.decision is None
    assert find(home, "models:/sondeflow-logs@challenger").version == left.trained.version
    judged = _monitor(home, shifted, **options, after_training="gate")
    assert judged.decision is not None
    assert not judged.decision.accepted, "its default loses to a baseline"
    assert find(home, "models:/sondeflow-logs@champion").version == champion


def test_training_is_not_asked_for_without_spec_and_data():
    with pytest.raises(ValidationError, match="train_spec and train_data"):
        MonitorRequest(trigger_training=True)


def test_the_form_describes_every_field():
    schema = MonitorRequest.model_json_schema()
    fields = {**schema["properties"], **schema["$defs"]["DriftThresholds"]["properties"]}
    assert all(field.get("description") for field in fields.values())


def test_the_command_names_what_drifted_and_exits_with_one(home, calm, shifted, command, command_json):
    code, answer = command_json("monitor", "--outbox", str(shifted))
    assert (code, answer["ok"], answer["alarm"]) == (1, False, True)
    logs = next(report for report in answer["reports"] if report["kind"] == "logs")
    assert set(logs["inputs"]) == {"GR", "RHOB", "NPHI", "DTC"}
    code, out = command("monitor", "--outbox", str(calm), "--since", "2d")
    assert code == 0
    assert "sondeflow-logs v1: steady; 4 files, 3600 rows" in out
    assert "psi limit" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "yesterday"),
        ("--outbox", "/no/such/outbox"),
        ("--bundle", "/no/such/bundle"),
        ("--train", "nonsense", "wells"),
    ],
)
def test_wrong_usage_leaves_with_two(command_json, arguments):
    code, answer = command_json("monitor", *arguments)
    assert code == 2
    assert not answer["ok"]


def test_without_a_champion_the_bundles_of_the_package_are_watched(prefect_server, tmp_path, monkeypatch, command_json):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path))
    write_las(make_well("A-1", samples=600, seed=5), tmp_path / "A-1.las")
    code, answer = command_json("score", str(tmp_path / "A-1.las"), "--out", str(tmp_path / "outbox"))
    assert code == 0
    code, answer = command_json("monitor", "--outbox", str(tmp_path / "outbox"))
    found = {(report["model"], report["version"]): report for report in answer["reports"]}
    assert set(found) == {("logs", "1"), ("seismic", "1")}
    assert found["logs", "1"]["rows"] == 600
    assert found["seismic", "1"]["verdict"] == "no data"
    code, answer = command_json("monitor", "--bundle", "models:/sondeflow-logs/9")
    assert code == 1
    assert "sondeflow-logs" in answer["error"]
