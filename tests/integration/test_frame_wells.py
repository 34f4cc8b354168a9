"""Wells as DLIS, LIS and Parquet files through the command line: checked, scored and reported like LAS files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aemodels.core.types import Recording
from aemodels.io import read, write_las
from helpers.cheap_bundle import save_cheap_bundle
from helpers.frame_files import DlisFrame, LisChannel, LisFrame, dlis_bytes, lis_bytes
from helpers.recordings import make_well

pytest_plugins = ("helpers.flow_fixtures",)

UNITS = {"GR": "gAPI", "RHOB": "g/cm3"}
SUFFIXES = (".dlis", ".lis", ".parquet")


def the_well() -> Recording:
    """Values that every format holds exactly: multiples of 1/1024, depths of 1/2 m."""
    well = make_well("W-F", samples=300, seed=21, curves=("GR", "RHOB"))
    return well.with_values(np.round(well.values * 1024).astype(np.float32) / np.float32(1024))


def write_as(well: Recording, path: Path) -> None:
    columns = {name: (well.channel(name), UNITS[name]) for name in well.names}
    filled = {name: (np.nan_to_num(values, nan=-999.25), unit) for name, (values, unit) in columns.items()}
    if path.suffix == ".dlis":
        path.write_bytes(dlis_bytes(("W-F", [DlisFrame({"DEPT": (well.axis, "m"), **filled})])))
    elif path.suffix == ".lis":
        channels = [
            LisChannel(name, unit[:4].replace("g/cm", "G/C3"), values) for name, (values, unit) in filled.items()
        ]
        path.write_bytes(lis_bytes(("W-F", [LisFrame([LisChannel("DEPT", "M", well.axis), *channels])])))
    else:
        table = {f"{name} [{unit}]": values for name, (values, unit) in columns.items()}
        pd.DataFrame({"DEPTH [m]": well.axis, "WELL": "W-F", **table}).to_parquet(path)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for suffix in SUFFIXES:
        write_as(the_well(), folder / f"as{suffix[1:]}{suffix}")
    return folder


def test_files_are_checked(inbox: Path, flow_home: Path, command_json):
    for suffix in SUFFIXES:
        (inbox / f"letter{suffix}").write_text("Dear all,\n" * 90)
    code, answer = command_json("check", str(inbox), "--all")
    assert code == 1
    for row in answer["files"]:
        path = Path(row["path"])
        expected = ("unusable", "") if path.stem == "letter" else ("good", "W-F")
        assert (row["verdict"], row["name"]) == expected, row["findings"]
        if path.stem == "letter":
            assert [finding["code"] for finding in row["findings"]] == [f"not-{path.suffix[1:]}"]


def test_files_are_scored_and_reported_like_the_same_well_in_las(
    inbox: Path, prefect_server, tmp_path: Path, command_json
):
    bundle, outbox = save_cheap_bundle(tmp_path / "bundle"), tmp_path / "outbox"
    write_las(the_well(), inbox / "aslas.las")
    before = {path.name: path.read_bytes() for path in inbox.iterdir()}
    code, answer = command_json("score", str(inbox), "--out", str(outbox), "--bundle", str(bundle))
    assert (code, answer["scored"]) == (0, 4), answer
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == before

    scores = [pq.read_table(path, partitioning=None).to_pandas() for path in (outbox / "scores").rglob("*.parquet")]
    by_name = {Path(frame["source"].iloc[0]).stem: frame.drop(columns=["source", "sha256", "well"]) for frame in scores}
    folders = {"asdlis": "las", "aslis": "las", "asparquet": "parquet"}
    for name, folder in folders.items():
        pd.testing.assert_frame_equal(by_name[name], by_name["aslas"])
        (copy,) = (outbox / folder).glob(f"{name}.*")
        assert copy.suffix == f".{folder}"
        scored = read(copy)
        np.testing.assert_array_equal(scored.channel("GR"), by_name[name]["GR"].to_numpy(np.float32))
        np.testing.assert_array_equal(scored.channel("GR_DN"), by_name[name]["GR_DN"].to_numpy(np.float32))
        (report,) = (outbox / "reports").glob(f"{name}.*.html")
        assert "W-F" in report.read_text()
    again = command_json("score", str(inbox), "--out", str(outbox), "--bundle", str(bundle))[1]
    assert (again["scored"], again["skipped"]) == (0, 4)


def test_scores_are_not_taken_for_a_well(inbox: Path, prefect_server, tmp_path: Path, command_json):
    bundle, outbox = save_cheap_bundle(tmp_path / "bundle"), tmp_path / "outbox"
    command_json("score", str(inbox / "aslis.lis"), "--out", str(outbox), "--bundle", str(bundle))
    (scores,) = (outbox / "scores").rglob("*.parquet")
    code, answer = command_json("check", str(scores))
    assert code == 1
    assert [finding["code"] for finding in answer["files"][0]["findings"]] == ["scores-table"]


def test_a_damaged_file_is_quarantined_with_its_reason(inbox: Path, prefect_server, tmp_path: Path, command_json):
    bundle, outbox = save_cheap_bundle(tmp_path / "bundle"), tmp_path / "outbox"
    data = (inbox / "asdlis.dlis").read_bytes()
    place = data.index(b"%\x14")
    (inbox / "crash.dlis").write_bytes(data[: place + 2] + b"\xf6" + data[place + 3 :])
    code, answer = command_json("score", str(inbox / "crash.dlis"), "--out", str(outbox), "--bundle", str(bundle))
    assert (code, answer["quarantined"]) == (1, 1)
    (reason,) = outbox.rglob("reason.json")
    assert [finding["code"] for finding in json.loads(reason.read_text())["findings"]] == ["not-dlis"]
