"""Several folders in one experiment: every file once, and wells of one name in two basins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from flows.ingest import IngestRequest, ingest
from flows.train import TrainRequest
from helpers.recordings import make_well
from tasks.settings import Settings

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    for number, folder in enumerate(("north", "south")):
        (tmp_path / folder).mkdir()
        for well in range(2):
            write_las(make_well(f"W-{well}", samples=200, seed=10 * number + well), tmp_path / folder / f"W-{well}.las")
    return tmp_path / "north", tmp_path / "south"


def test_a_file_below_two_paths_is_read_once(folders, prefect_server):
    from flows.environment import run_flow

    north, south = folders
    shutil.copy(north / "W-0.las", south / "copy.las")
    request = IngestRequest(path=(str(north), str(south), str(north / "W-1.las"), str(north)))
    dataset = run_flow(ingest, Settings(), request=request)
    assert len(dataset.files) == 5
    assert sorted(Path(file.path).name for file in dataset.usable) == ["W-0.las", "W-0.las", "W-1.las", "W-1.las"]
    (left,) = dataset.left_out
    assert [finding.code for finding in left.findings] == ["duplicate"]


def test_a_request_with_one_path_as_text_is_still_read():
    assert TrainRequest.model_validate({"data": "wells"}).data == ("wells",)
    assert TrainRequest.model_validate({"data": ["a", "b"]}).data == ("a", "b")
