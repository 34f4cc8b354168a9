"""Calibration through the flow: its own evidence is what promotes it, and what it came from has to be scoring."""

from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError
from aemodels.io.las.writer import write_las
from helpers.cheap_bundle import save_cheap_bundle
from helpers.recordings import make_well
from tasks.scoring.choose_bundle import default_scorer
from tasks.settings import Settings
from tasks.tracking import read_document, read_table

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def home(prefect_server, tmp_path, monkeypatch) -> Settings:
    """A home with a registry of its own, on the common Prefect server."""
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    return Settings()


def _wells(folder: Path, first: int) -> str:
    folder.mkdir()
    for number in range(first, first + 12):
        write_las(make_well(f"W-{number}", samples=400, seed=number, curves=("GR", "RHOB")), folder / f"{number}.las")
    return str(folder)


def _calibrate(**request):
    from flows.calibrate import CalibrateRequest, calibrate
    from flows.environment import run_flow

    data = request.pop("data")
    return run_flow(calibrate, Settings(), request=CalibrateRequest(data=(data,), **request))


def _promote(version: str):
    from flows.environment import run_flow
    from flows.promote import PromoteRequest, promote

    return run_flow(promote, Settings(), request=PromoteRequest(version=version))


def test_a_calibrated_bundle_is_registered_promoted_and_scores(home, tmp_path):
    cheap = save_cheap_bundle(tmp_path / "cheap")
    first = _calibrate(data=_wells(tmp_path / "own", 100), bundle=str(cheap))
    assert (first.model, first.version, first.created) == ("sondeflow-logs", "1", True)
    assert len(first.wells) == 12
    evidence = read_document(home, first.run_id, "evidence.json")
    assert evidence["calibrated_from"] == Bundle.load(cheap).content_hash
    assert len(read_table(home, first.run_id, "calibration")) == 12
    decision = _promote("1")
    assert decision.accepted, decision.reasons
    assert [row["rate"] for row in decision.false_alarms] == ["pooled", "worst well"]
    champion = default_scorer("logs", ("champion",), home)
    assert champion is not None
    assert Bundle.load(Path(champion.folder)).threshold == first.threshold[1] != first.threshold[0]
    with pytest.raises(DataError, match="0 of 12 recordings"):  # it has seen these wells
        _calibrate(data=str(tmp_path / "own"))
    second = _calibrate(data=_wells(tmp_path / "more", 200))
    assert (second.source, second.version) == ("sondeflow-logs 1", "2")
    assert _promote("2").accepted
    other = _calibrate(data=str(tmp_path / "more"), bundle=str(save_cheap_bundle(tmp_path / "other", seed=50)))
    refused = _promote(other.version)
    assert not refused.accepted
    assert "another bundle than champion v2" in refused.reasons[0]


def test_a_folder_is_written_without_any_registry(home, tmp_path):
    cheap = save_cheap_bundle(tmp_path / "cheap")
    data = _wells(tmp_path / "own", 100)
    found = _calibrate(data=data, bundle=str(cheap), folder=str(tmp_path / "calibrated"))
    assert (found.model, found.run_id) == ("", "")
    assert Bundle.load(tmp_path / "calibrated").threshold == found.threshold[1]
    assert default_scorer("logs", ("champion",), home).name == "logs"
