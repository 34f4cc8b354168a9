"""The module `sondeflow`: six names, a quick import, and the same answers as the command line's parts."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sondeflow
from aemodels.core.errors import BundleError, SpecError, UnreadableFileError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io import write_las
from helpers import tiny_start
from helpers.cheap_bundle import SPEC, save_cheap_bundle
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "cheap")


def test_it_offers_six_names_and_nothing_else() -> None:
    public = {name for name in vars(sondeflow) if not name.startswith("_")} - {"annotations", "TYPE_CHECKING"}
    assert set(sondeflow.__all__) == {"__version__", "load_bundle", "read", "read_scores", "score", "train"}
    assert public - {"Any", "Iterable", "Literal", "Path", "TypeAlias"} == set(sondeflow.__all__) - {"__version__"}


def test_importing_it_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, sondeflow; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "sondeflow" in loaded
    assert not loaded & {"numpy", "pandas", "pydantic", "aemodels", "tasks", "flows", "tensorflow", "prefect", "mlflow"}


def test_a_file_is_read_and_scored(folder: Path, tmp_path: Path) -> None:
    well = make_well("A-1", samples=300, seed=3, curves=("GR", "RHOB"))
    write_las(well, tmp_path / "A-1.las")
    recording = sondeflow.read(str(tmp_path / "A-1.las"))
    np.testing.assert_allclose(recording.values, well.values, rtol=1e-4)
    scores = sondeflow.score(recording, sondeflow.load_bundle(folder))
    assert scores.score.shape == (300,)
    np.testing.assert_array_equal(sondeflow.score(tmp_path / "A-1.las", str(folder)).score, scores.score)


def test_a_scored_recording_has_a_table_its_intervals_and_a_report(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    well = make_well("A-1", samples=1200, seed=3)
    values = well.values.copy()
    values[0, 500:560] = values[0, 500]  # stuck
    scored = sondeflow.score(well.with_values(values))
    assert scored.bundle == "logs-v1"
    assert list(scored.table["is_anomaly"]) == list(scored.is_anomaly)
    assert {"depth", "GR", "GR_DN", "ANOM_GR", "BADLOG_GR", "reason"} <= set(scored.table)
    stuck = scored.intervals[scored.intervals["reason"].str.contains("stuck")].iloc[0]
    assert stuck["top"] <= well.axis[505]
    assert stuck["base"] >= well.axis[554]
    assert "GR" in stuck["curves"]
    assert "A-1" in scored.save_report(tmp_path / "a.html").read_text(encoding="utf-8")
    line = sondeflow.score(make_line(traces=40, samples=200))
    assert line.bundle == "seismic-v1"
    assert list(line.intervals.columns) == ["trace", "inline", "crossline", "score", "reason"]
    assert not (tmp_path / "home").exists()


def test_what_cannot_be_read_or_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "x.las").write_text("not a LAS file\n")
    with pytest.raises(UnreadableFileError, match="not-las"):
        sondeflow.read(tmp_path / "x.las")
    with pytest.raises(BundleError, match=r"bundle\.json is missing"):
        sondeflow.load_bundle(tmp_path)


def test_training_takes_files_folders_and_recordings(tmp_path: Path) -> None:
    for number in range(4):
        write_las(
            make_well(f"W-{number}", samples=400, seed=number, curves=("GR", "RHOB")), tmp_path / f"W-{number}.las"
        )
    (tmp_path / "notes.las").write_text("not a LAS file\n")
    more = [make_well(f"W-{number}", samples=400, seed=number, curves=("GR", "RHOB")) for number in (4, 5)]
    bundle = sondeflow.train(ExperimentSpec.model_validate(SPEC), [tmp_path, *more])
    assert bundle.curves == ("GR", "RHOB")
    assert bundle.threshold > 0
    bundle.save(tmp_path / "bundle")
    assert sondeflow.load_bundle(tmp_path / "bundle").threshold == bundle.threshold
    with pytest.raises(SpecError):
        sondeflow.train(ExperimentSpec.model_validate(SPEC), more[0])


def test_the_version_is_that_of_the_distribution() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'version = { attr = "sondeflow.__version__" }' in text
    assert sondeflow.__version__.startswith("0.2.")


@pytest.mark.parametrize("package", ["aemodels", "tasks", "flows"])
def test_types_are_marked_as_checked(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_training_further_leaves_out_what_the_bundle_has_seen(tmp_path: Path) -> None:
    fields = copy.deepcopy(tiny_start.SPEC)
    fields["anomalies"]["detectors"] = SPEC["anomalies"]["detectors"]
    spec = ExperimentSpec.model_validate(fields)
    first = sondeflow.train(spec, tiny_start.wells(1))
    first.save(tmp_path / "first")
    further = sondeflow.train(spec, [*tiny_start.wells(1), *tiny_start.wells(50)], start_from=tmp_path / "first")
    new = set(further.trained_on) - set(first.trained_on)
    assert new <= {well.source.sha256 for well in (*tiny_start.wells(50), *tiny_start.wells(1))} - set(first.trained_on)
    assert further.spec.start is not None
    assert (further.spec.start.content_hash, further.spec.start.networks) == (first.content_hash, ("dense",))
    np.testing.assert_array_equal(further.normaliser.bounds, first.normaliser.bounds)
    with pytest.raises(BundleError, match="nowhere"):
        sondeflow.train(spec, tiny_start.wells(50), start_from="nowhere")
