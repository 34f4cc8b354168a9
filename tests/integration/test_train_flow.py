"""Training through a real Prefect server into a real MLflow store."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SpecError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.readers import read
from helpers.tiny_specs import LOGS, SEISMIC
from tasks.tracking import connect, download_bundle, find, get, read_document, read_table
from tasks.tracking.store import fluent_api

pytest_plugins = ("helpers.flow_fixtures",)


def _children(client, run):
    query = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    return {child.info.run_name.split(": ")[1]: child for child in client.search_runs([run.info.experiment_id], query)}


@pytest.fixture
def client(trained):
    return connect(trained.settings)


@pytest.fixture
def run(trained, client):
    return client.get_run(trained.logs.run_id)


def test_unusable_files_are_left_out_with_a_finding(trained):
    left = {finding.where.rsplit("/", 1)[-1] for finding in trained.logs.findings if finding.code == "left-out"}
    assert left == {"letter.las", "empty.las"}
    assert sorted(name for names in trained.logs.roles.values() for name in names) == [f"W-{n}" for n in range(6)]
    assert trained.logs.roles["test"] == ["W-5"]


def test_the_experiment_opens_in_the_view_for_trained_models(client, run):
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.name == "sondeflow-tiny-logs"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert experiment.artifact_location.startswith("file:")


def test_a_child_run_for_every_contender_and_detector(client, run):
    children = _children(client, run)
    assert set(children) == {"pca_wiener", "dense", "dense_error", "pca_error"}
    assert {child.info.status for child in children.values()} == {"FINISHED"}
    assert run.info.status == "FINISHED"


def test_the_list_of_runs_reads_as_a_table(client, run):
    names = sorted(child.info.run_name for child in _children(client, run).values())
    assert names == ["denoiser: dense", "denoiser: pca_wiener", "detector: dense_error", "detector: pca_error"]
    assert run.info.run_name == "train: tiny-logs"
    tags = {name: (child.data.tags["role"], child.data.tags["kind"]) for name, child in _children(client, run).items()}
    assert tags["pca_error"] == ("detector", "pca_reconstruction")
    assert tags["dense"] == ("contender", "dense")


def test_a_run_has_tags_of_code_flow_and_file(trained, client, run):
    tags = run.data.tags
    assert len(tags["git_sha"]) == 40
    assert tags["git_dirty"] in {"true", "false"}
    assert len(tags["flow_run_id"]) == 36
    assert tags["flow_run_url"].startswith("http://127.0.0.1:")
    assert tags["flow_run_url"].endswith(f"/runs/flow-run/{tags['flow_run_id']}")
    assert tags["spec_file"] == "not from a file"
    assert (tags["best_contender"], tags["detector"]) == ("pca_wiener", trained.logs.winner)
    assert {child.data.tags["flow_run_id"] for child in _children(client, run).values()} == {tags["flow_run_id"]}


def test_the_model_card_is_the_runs_note_a_file_and_the_versions_description(trained, client, run, tmp_path):
    card = run.data.tags["mlflow.note.content"]
    for part in ("Purpose", "Data and split", "Thresholds", "Known weaknesses", "How to load"):
        assert part in card
    shown = card.replace("\u00a0", "")
    assert "| test | 1 | W-5 |" in shown
    rows = read_table(trained.settings, trained.logs.run_id, "denoising")
    gain = rows[(rows["contender"] == "pca_wiener") & (rows["channel"] == "all")]["gain_db"].mean()
    assert f"| **pca_wiener** | {gain:.2f} (" in shown
    path = client.download_artifacts(run.info.run_id, "model_card.md", str(tmp_path))
    assert Path(path).read_text() == card
    version = client.get_model_version("sondeflow-logs", trained.logs.version)
    assert version.description == card[:5000]
    assert version.tags["experiment"] == "tiny-logs"
    assert "champion" in client.get_registered_model("sondeflow-logs").description


def test_tables_open_in_the_uis_table_view(client, run, tmp_path):
    """Which needs the split form and a tag that lists them."""
    assert {"path": "tables/denoising.json", "type": "table"} in json.loads(run.data.tags["mlflow.loggedArtifacts"])
    path = client.download_artifacts(run.info.run_id, "tables/denoising.json", str(tmp_path))
    table = pd.read_json(path, orient="split")
    assert set(table["contender"]) == {"pca_wiener", "dense"}


def test_runs_hold_parameters_metrics_and_tags(client, run):
    assert run.data.params["curves"] == '["GR", "RHOB", "NPHI"]'
    assert run.data.params["test_conditions.0.noise.0.factor"] == "0.2"
    assert run.data.params["contenders.1.model.training.epochs"] == "2"
    assert len(run.data.tags["data_sha256"]) == 64
    dense = _children(client, run)["dense"]
    assert dense.data.params["model.training.epochs"] == "2"
    assert dense.data.metrics["parameters"] == 17_838
    assert all(len(one.data.metrics) <= 30 for one in (run, *_children(client, run).values()))


def test_metrics_are_logged_epoch_by_epoch(client, run):
    dense = _children(client, run)["dense"]
    history = client.get_metric_history(dense.info.run_id, "val_loss")
    assert [metric.step for metric in history] == [0, 1]
    assert dense.data.metrics["best_val_loss"] == pytest.approx(min(metric.value for metric in history))


def test_metrics_agree_with_the_logged_tables(trained, client, run):
    table = read_table(trained.settings, trained.logs.run_id, "denoising")
    pooled = table[(table["contender"] == "pca_wiener") & (table["channel"] == "all")]
    assert run.data.metrics["median_db.noise_0.2"] == pytest.approx(pooled["gain_db"].median())
    gains = {row["contender"]: row["median_db"] for row in trained.logs.denoising}
    margin = gains["pca_wiener"] - gains["dense"]
    assert run.data.metrics["margin_db.noise_0.2"] == pytest.approx(margin, abs=1e-3)


def test_false_alarm_rates_are_logged_beside_the_nominal_ones(client, run):
    metrics = _children(client, run)["pca_error"].data.metrics
    assert metrics["quantile.nominal"] == metrics["conformal.nominal"] == 0.01
    assert 0 <= metrics["conformal.pooled"] <= metrics["conformal.worst"] <= 1


def test_figures_and_tables_are_artifacts(client, run):
    figures = {item.path for item in client.list_artifacts(run.info.run_id, "figures")}
    wanted = {"comparison", "detectors", "thresholds", "panels_noise_0.2", "residuals_noise_0.2", "scores_pca_error"}
    assert {f"figures/{name}.png" for name in wanted} <= figures
    tables = {item.path for item in client.list_artifacts(run.info.run_id, "tables")}
    assert {"tables/denoising.csv", "tables/denoising.json", "tables/thresholds.csv"} <= tables
    dense = _children(client, run)["dense"].info.run_id
    assert [item.path for item in client.list_artifacts(dense, "figures")] == ["figures/loss_curves.png"]


def test_embeddings_and_their_figures_are_artifacts(trained, client, run, tmp_path):
    kept = {item.path for item in client.list_artifacts(run.info.run_id, "embeddings")}
    assert kept == {"embeddings/dense.parquet", "embeddings/pca_wiener.parquet"}
    table = pd.read_parquet(client.download_artifacts(run.info.run_id, "embeddings/dense.parquet", str(tmp_path)))
    assert set(table["section"]) == {f"W-{n}" for n in range(6)}
    assert set(table["curve"]) == {"GR", "RHOB", "NPHI"}
    assert table["from"].min() == 1000.0, "the depth at which the wells begin"
    assert [column for column in table if column.startswith("z")] == [f"z{n}" for n in range(1, 11)]
    figures = {item.path for item in client.list_artifacts(run.info.run_id, "figures")}
    drawn = ("histograms", "map", "colours", "grid", "images")
    assert {f"figures/latent_dense_{name}.png" for name in drawn} <= figures


def test_the_data_is_named_by_hash_role_by_role(trained, run):
    inputs = {item.tags[0].value: item.dataset for item in run.inputs.dataset_inputs}
    assert set(inputs) == {"training", "validation", "test"}
    members = json.loads(inputs["test"].profile)["members"]
    assert list(members) == ["W-5"]
    assert members["W-5"] == read(trained.wells / "W-5.las").source.sha256


def test_the_whole_spec_is_logged(trained, client, run, tmp_path):
    import yaml

    text = Path(client.download_artifacts(run.info.run_id, "spec.yaml", str(tmp_path))).read_text()
    assert ExperimentSpec.model_validate(yaml.safe_load(text)) == ExperimentSpec.model_validate(LOGS)


def test_training_makes_a_challenger(trained):
    found = get(trained.settings, "models:/sondeflow-logs@challenger")
    assert (found.version, found.run_id) == (trained.logs.version, trained.logs.run_id)


def test_the_registered_bundle_scores_as_the_model_does_elsewhere(trained, tmp_path):
    """The model is loaded by another interpreter, far from the checkout, with the code that was logged with it."""
    model = get(trained.settings, f"models:/sondeflow-logs/{trained.logs.version}")
    bundle = Bundle.load(download_bundle(trained.settings, model))
    recording = read(trained.wells / "W-5.las")
    frame = pd.DataFrame({name: recording.channel(name).astype(np.float64) for name in bundle.curves})
    frame.to_csv(tmp_path / "in.csv", index=False)
    code = (
        "import sys, mlflow, pandas as pd\n"
        f"mlflow.set_tracking_uri({str(trained.settings.tracking_uri)!r})\n"
        f"model = mlflow.pyfunc.load_model('{model.uri}')\n"
        "frame = pd.read_csv('in.csv')\n"
        "model.predict(frame).to_csv('out.csv', index=False)\n"
        "model.predict(frame[['GR']].head(7))\n"
        "import aemodels; print(aemodels.__file__)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "mlartifacts" in done.stdout.splitlines()[-1]
    out = pd.read_csv(tmp_path / "out.csv")
    expected = bundle.score(recording)
    np.testing.assert_allclose(out["score"], expected.score, rtol=1e-3, atol=1e-4)
    assert out["is_anomaly"].tolist() == expected.is_anomaly.tolist()
    np.testing.assert_allclose(out["GR_DN"], expected.denoised[0], rtol=1e-3, atol=1e-2)


def test_the_seismic_model_takes_an_array_of_traces(trained):
    import mlflow

    model = get(trained.settings, "models:/sondeflow-seismic@challenger")
    with fluent_api(trained.settings):
        loaded = mlflow.pyfunc.load_model(model.uri)
    recording = read(trained.line)
    out = loaded.predict(np.array(recording.values), params={"step": 0.004})
    expected = Bundle.load(download_bundle(trained.settings, model)).score(recording)
    np.testing.assert_allclose(out["score"], expected.score, rtol=1e-3, atol=1e-4)


def test_a_model_states_its_requirements_and_inputs(trained):
    from mlflow.models import get_model_info

    with fluent_api(trained.settings):
        info = get_model_info(f"models:/sondeflow-logs/{trained.logs.version}")
    assert info.signature.inputs.input_names() == ["GR", "RHOB", "NPHI"]
    assert info.signature.outputs.input_names()[:4] == ["score", "threshold", "is_anomaly", "reason"]
    assert info.saved_input_example_info is not None


def test_training_again_hands_back_the_run_that_there_is(trained):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    again = run_flow(
        train, trained.settings, request=TrainRequest(spec=ExperimentSpec.model_validate(LOGS), data=str(trained.wells))
    )
    assert again == trained.logs.model_copy(update={"created": False})


@pytest.mark.slow
def test_another_experiment_on_the_same_data_takes_the_fits_that_there_are(trained):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    other = {**LOGS, "name": "tiny-other", "anomalies": {**LOGS["anomalies"], "fraction": 0.1}}
    result = run_flow(
        train,
        trained.settings,
        request=TrainRequest(spec=ExperimentSpec.model_validate(other), data=str(trained.wells)),
    )
    assert result.run_id != trained.logs.run_id
    children = _children(connect(trained.settings), connect(trained.settings).get_run(result.run_id))
    assert {children[name].data.tags["cached"] for name in ("pca_wiener", "dense")} == {"true"}


def test_a_failing_contender_fails_its_run_with_the_reason(trained):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    broken = json.loads(json.dumps(LOGS))
    broken["name"] = "tiny-broken"
    broken["contenders"][1]["model"]["training"]["observed"] = 1.0
    broken["contenders"][1]["model"]["window"] = {"length": 4096, "stride": 64, "width": 1}
    with pytest.raises(SpecError, match="smaller window"):
        run_flow(
            train,
            trained.settings,
            request=TrainRequest(spec=ExperimentSpec.model_validate(broken), data=str(trained.wells)),
        )
    client = connect(trained.settings)
    experiment = client.get_experiment_by_name("sondeflow-tiny-broken").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    broken, whole = runs["denoiser: dense"], runs["train: tiny-broken"]
    assert broken.info.status == whole.info.status == "FAILED"
    assert "smaller window" in broken.data.tags["failure"]
    assert "smaller window" in whole.data.tags["mlflow.note.content"]


def test_data_of_another_kind_is_refused_with_the_remedy(trained):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    with pytest.raises(SpecError, match="none of kind logs"):
        run_flow(
            train,
            trained.settings,
            request=TrainRequest(spec=ExperimentSpec.model_validate(LOGS), data=str(trained.line)),
        )


@pytest.mark.parametrize("what", ["denoise", "anomalies"])
def test_comparing_logs_tables_and_registers_nothing(trained, what):
    from flows.compare import compare
    from flows.environment import run_flow

    before = find(trained.settings, "models:/sondeflow-logs@challenger")
    spec = ExperimentSpec.model_validate(LOGS)
    result = run_flow(compare, trained.settings, what=what, spec=spec, data=str(trained.wells))
    table = result.tables["denoising_summary" if what == "denoise" else "detectors"]
    assert {row.get("contender", row.get("detector")) for row in table} == (
        {"pca_wiener", "dense"} if what == "denoise" else {"dense_error", "pca_error"}
    )
    evidence = {
        "contenders",
        "denoising_paired",
        "denoising_curves",
        "signal_distortion_summary",
        "thin_bed_response",
        "noise2self_summary",
        "gap_lengths",
    }
    assert what == "anomalies" or evidence <= set(result.tables)
    assert read_document(trained.settings, result.run_id, "evidence.json")["experiment"] == "tiny-logs"
    assert find(trained.settings, "models:/sondeflow-logs@challenger") == before


def test_a_lone_contender_has_nothing_to_be_paired_with(trained):
    from flows.compare import compare
    from flows.environment import run_flow

    spec = ExperimentSpec.model_validate(SEISMIC | {"contenders": SEISMIC["contenders"][:1]})
    tables = run_flow(compare, trained.settings, what="denoise", spec=spec, data=str(trained.line)).tables
    assert {row["contender"] for row in tables["denoising_summary"]} == {"pca_wiener"}
    assert "denoising_paired" not in tables
