"""From SEG-Y to MDIO, through `score`, and back to SEG-Y: with the results of the SEG-Y file itself."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from aemodels.io.readers import read
from aemodels.io.volume.store import hash_store
from flows.cli.app import app
from helpers.cheap_bundle import cheap_line_bundle
from helpers.paths import FORMATS_DATA
from helpers.volumes import live, write_store, write_survey

MDIO = FORMATS_DATA.parent / "volumes" / "survey.mdio.zip"  # multidimio 1.1.3 made it from the file of `write_survey`
COLUMNS = ("trace", "inline", "crossline", "cdp_x", "cdp_y", "is_anomaly", "reason")


def answer_of(*arguments: str) -> dict:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    return json.loads(done.stdout)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SONDEFLOW_MAX_WHOLE_BYTES", "100000")  # in blocks
    cheap_line_bundle().save(tmp_path / "bundle")
    return str(tmp_path / "bundle")


def outputs(answer: dict) -> dict[str, dict[str, Path]]:
    """Outputs by name of the file and first folder of the outbox."""
    rows = answer["outcomes"]
    assert [row["fate"] for row in rows] == ["scored"] * len(rows), answer
    return {
        Path(row["path"]).name: {Path(path).parts[-2].partition("=")[0]: Path(path) for path in row["outputs"]}
        for row in rows
    }


def test_a_volume_has_the_results_of_the_segy_file_it_was_made_of(bundle: str, tmp_path: Path) -> None:
    segy, store = write_survey(tmp_path / "survey.sgy"), write_store(tmp_path / "plain.zarr")
    mdio = Path(shutil.copy(MDIO, tmp_path / "survey.mdio.zip"))
    before = {path: hash_store(path) for path in (segy, store, mdio)}
    paths = [str(path) for path in before]
    found = outputs(answer_of("score", *paths, "--out", str(tmp_path / "out"), "--bundle", bundle))
    assert {path: hash_store(path) for path in before} == before
    expected = pq.read_table(found["survey.sgy"]["bundle"], partitioning=None)
    denoised = read(found["survey.sgy"]["segy"])
    for name in ("plain.zarr", "survey.mdio.zip"):
        scores = pq.read_table(found[name]["bundle"], partitioning=None)
        np.testing.assert_allclose(scores["score"].to_numpy(), expected["score"].to_numpy(), rtol=1e-5)
        assert scores.select(COLUMNS).equals(expected.select(COLUMNS))
        assert found[name]["reports"].stat().st_size > 1000
        back = tmp_path / f"{name}.sgy"
        assert answer_of("convert", str(found[name]["zarr"]), str(back))["traces"] == live().sum()
        line = read(back)
        np.testing.assert_allclose(line.values, denoised.values, rtol=1e-5, atol=1e-3)
        assert line.channels == denoised.channels
    with zipfile.ZipFile(found["survey.mdio.zip"]["zarr"]) as archive, zipfile.ZipFile(MDIO) as given:
        for name in ("headers/c/0/0", "segy_file_header/zarr.json", "trace_mask/c/0/0"):
            assert archive.read(name) == given.read(name)


def test_a_hostile_store_is_left_and_a_damaged_zip_quarantined(bundle: str, tmp_path: Path) -> None:
    store = write_store(tmp_path / "linked.zarr")
    (store / "out").symlink_to("/etc")
    (tmp_path / "broken.zarr.zip").write_bytes(MDIO.read_bytes()[:5000])
    answer = answer_of("score", str(store), str(tmp_path / "broken.zarr.zip"), "--out", str(tmp_path / "o"),
                       "--bundle", bundle)  # fmt: skip
    fates = {Path(row["path"]).name: (row["fate"], row["findings"][0]["code"]) for row in answer["outcomes"]}
    assert fates == {"linked.zarr": ("left", "outside-root"), "broken.zarr.zip": ("quarantined", "bad-zarr")}


@pytest.mark.slow
def test_check_and_an_inbox_know_volumes(bundle: str, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    shutil.copy(MDIO, inbox)
    write_store(inbox / "folder.zarr")
    rows = {Path(row["path"]).name: row for row in answer_of("check", str(inbox))["files"]}
    assert {name: (row["verdict"], row["channels"]) for name, row in rows.items()} == {
        "folder.zarr": ("doubtful", live().sum()),
        "survey.mdio.zip": ("doubtful", live().sum()),
    }
    run = ("score", str(inbox), "--out", str(tmp_path / "out"), "--bundle", bundle)
    answer = answer_of(*run)
    fates = {Path(row["path"]).name: row["fate"] for row in answer["outcomes"]}
    assert fates == {"survey.mdio.zip": "scored", "folder.zarr": "left"}
    assert ".zarr.zip" in str(answer["outcomes"][0]["findings"]) + str(answer["outcomes"][1]["findings"])
    assert answer_of(*run)["scored"] == 0  # once, by the ledger
