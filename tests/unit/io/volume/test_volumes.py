"""Volumes in Zarr: read as the SEG-Y file they were made of, scored block by block, written back, and refused."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import block_spans, line_spans, score_line, score_segy_blocks
from aemodels.bundle.line_survey import survey_line
from aemodels.core.errors import DataError, LargeFileError, UnreadableFileError
from aemodels.core.types import Source
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.readers import list_files, read, read_blocks
from aemodels.io.segy.read_plan import plan_segy
from aemodels.io.segy.reader import read_segy
from aemodels.io.segy.writer import write_segy
from aemodels.io.volume.convert import segy_to_volume, volume_to_segy
from aemodels.io.volume.reader import Volume
from aemodels.io.volume.scored_copy import write_scored_blocks
from aemodels.io.volume.store import hash_store
from helpers.cheap_bundle import cheap_line_bundle
from helpers.paths import FORMATS_DATA
from helpers.volumes import SHAPE, cube, live, survey, write_store, write_survey

MDIO = (
    FORMATS_DATA.parent / "volumes" / "survey.mdio.zip"
)  # written by multidimio 1.1.3 from the SEG-Y file of `write_survey`


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return cheap_line_bundle()


@pytest.fixture(scope="module")
def segy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("segy") / "survey.sgy")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("store") / "survey.zarr")


def packed(folder: Path, target: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target


@pytest.mark.parametrize("kind", ["mdio", "zarr 3", "zarr 2", "zip", "one chunk"])
def test_a_volume_is_read_as_the_segy_file_it_was_made_of(kind: str, segy: Path, store: Path, tmp_path: Path) -> None:
    path = {
        "mdio": lambda: MDIO,
        "zarr 3": lambda: store,
        "zarr 2": lambda: write_store(tmp_path / "two.zarr", zarr_format=2),
        "zip": lambda: packed(store, tmp_path / "survey.zarr.zip"),
        "one chunk": lambda: write_store(tmp_path / "one.zarr", chunks=SHAPE),
    }[kind]()
    found, expected = read(path), read_segy(segy)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_allclose(found.axis, expected.axis, atol=1e-12)
    for name in ("trace", "inline", "crossline", "cdp_x", "cdp_y"):
        assert [c.headers[name] for c in found.channels] == [c.headers[name] for c in expected.channels]
    blocks = list(read_blocks(path, traces=100))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), expected.values)
    assert not [finding for finding in found.findings if finding.severity != "info"]


def test_blocks_of_a_volume_score_as_those_of_the_segy_file_whatever_its_chunks(
    bundle: Bundle, segy: Path, store: Path
) -> None:
    expected = list(score_segy_blocks(segy, bundle, traces=100))
    with Volume(store) as volume:
        spans = line_spans(volume, bundle, 100)
        assert spans == block_spans(plan_segy(segy), bundle, 100)
        found = list(score_line(volume, bundle, survey_line(volume.blocks(100)), spans))
    assert len(found) > 5
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.scores.score, other.scores.score, rtol=1e-5)
        np.testing.assert_allclose(one.scores.denoised, other.scores.denoised, rtol=1e-5, atol=1e-4)
        assert one.scores.reason == other.scores.reason


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_scored_copy_keeps_padding_geometry_and_attributes_and_adds_scores(
    bundle: Bundle, zarr_format: int, tmp_path: Path
) -> None:
    source, target = write_store(tmp_path / "a.zarr", zarr_format=zarr_format), tmp_path / "scored.zarr.zip"
    before = hash_store(source)
    with Volume(source) as volume:
        blocks = list(score_line(volume, bundle, survey_line(volume.blocks(90)), line_spans(volume, bundle, 90)))
    write_scored_blocks(source, target, (block.scores for block in blocks), "denoised by a test")
    assert hash_store(source) == before
    mask, scores = live(), np.concatenate([block.scores.score for block in blocks])
    copy = xarray.open_zarr(zarr.storage.ZipStore(target, mode="r"), mask_and_scale=False)
    given = xarray.open_zarr(source, mask_and_scale=False)
    assert copy.attrs["crs"] == "EPSG:23031"
    assert copy.attrs["sondeflow_history"] == ["denoised by a test"]
    assert {**copy["seismic"].attrs, "_FillValue": 0} == {**given["seismic"].attrs, "_FillValue": 0}  # NaN
    for name in ("iline", "xline", "twt", "cdp_x", "cdp_y", "live_mask"):
        xarray.testing.assert_identical(copy[name].variable, given[name].variable)
    denoised = np.concatenate([block.scores.denoised for block in blocks])
    np.testing.assert_array_equal(copy["seismic"].values[mask], denoised)
    assert np.isnan(copy["seismic"].values[~mask]).all()
    np.testing.assert_array_equal(copy["sondeflow_score"].values[mask], scores)
    assert np.isnan(copy["sondeflow_score"].values[~mask]).all()
    assert copy["sondeflow_score"].dims == ("iline", "xline")
    reason = copy["sondeflow_reason"]
    words = np.array(reason.attrs["flag_meanings"].split())
    told = [word.replace("none", "") for word in words[reason.values[mask]]]
    assert told == [text for block in blocks for text in block.scores.reason]
    assert (reason.values[~mask] == -1).all()


def test_segy_to_a_volume_and_back_keeps_samples_lines_and_coordinates(segy: Path, tmp_path: Path) -> None:
    assert segy_to_volume(segy, tmp_path / "survey.zarr.zip") == SHAPE
    assert volume_to_segy(tmp_path / "survey.zarr.zip", tmp_path / "back.sgy") == live().sum()
    found, expected = read_segy(tmp_path / "back.sgy"), read_segy(segy)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.channels == expected.channels
    with Volume(tmp_path / "survey.zarr.zip") as volume:
        assert volume.layout.dimensions == ("inline", "crossline", "time")
        np.testing.assert_array_equal(volume.layout.live, live())


def test_a_volume_of_shuffled_traces_is_on_its_grid(tmp_path: Path) -> None:
    line = survey()
    order = np.random.default_rng(1).permutation(len(line.channels))
    channels = tuple(line.channels[place] for place in order)
    write_segy(dataclasses.replace(line, values=line.values[order], channels=channels), tmp_path / "shuffled.sgy")
    segy_to_volume(tmp_path / "shuffled.sgy", tmp_path / "sorted.zarr.zip")
    np.testing.assert_array_equal(read(tmp_path / "sorted.zarr.zip").values, cube()[live()])


def test_traces_at_one_place_are_no_stacked_survey(tmp_path: Path) -> None:
    line = survey()
    twice = dataclasses.replace(line.channels[0], name="again")
    write_segy(dataclasses.replace(line, channels=(twice, *line.channels[1:])), tmp_path / "fine.sgy")
    same = tuple(dataclasses.replace(c, headers=line.channels[0].headers) for c in line.channels)
    write_segy(dataclasses.replace(line, channels=same), tmp_path / "gather.sgy")
    with pytest.raises(DataError, match="762 traces at inline"):
        segy_to_volume(tmp_path / "gather.sgy", tmp_path / "x.zarr.zip")


def test_a_store_is_one_file_of_a_folder(store: Path) -> None:
    assert list_files(store.parent) == ([store], [])
    assert list_files(store) == ([store], [])


def test_whole_numbers_are_rounded_and_clipped(tmp_path: Path) -> None:
    values = np.rint(cube()[:4, :6] / 100).astype(np.int8)
    coordinates = {"inline": np.arange(4), "crossline": np.arange(6), "time": 4 * np.arange(SHAPE[2])}
    xarray.Dataset({"a": (("inline", "crossline", "time"), values)}, coords=coordinates).to_zarr(tmp_path / "a.zarr")
    with pytest.raises(UnreadableFileError, match="defaultVariableName"):
        read(tmp_path / "a.zarr")  # whole numbers alone are no evidence of samples
    zarr.open_group(str(tmp_path / "a.zarr")).attrs["attributes"] = {"defaultVariableName": "a"}
    recording = read(tmp_path / "a.zarr")
    np.testing.assert_array_equal(recording.values, values.reshape(24, -1))


def test_a_large_volume_is_read_in_blocks_only(store: Path) -> None:
    with pytest.raises(LargeFileError):
        read(store, limits=SizeLimits(whole=1000))


def code_of(path: Path, limits: SizeLimits = DEFAULT_LIMITS) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        list(read_blocks(path, traces=50, limits=limits))
    (finding,) = caught.value.findings
    return finding.code


@pytest.fixture
def own(store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store, tmp_path / "own.zarr"))


def change(path: Path, **fields: object) -> None:
    """Change the metadata of the samples, and drop what was consolidated from them."""
    metadata = path / "seismic" / "zarr.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | fields))
    root = json.loads((path / "zarr.json").read_text())
    root.pop("consolidated_metadata", None)
    (path / "zarr.json").write_text(json.dumps(root))


def grid(*chunk: int) -> dict[str, object]:
    return {"name": "regular", "configuration": {"chunk_shape": list(chunk)}}


def test_links_out_of_a_store_are_refused(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (own / "seismic" / "c" / "9").symlink_to(secret)
    assert code_of(own) == "outside-root"


def test_a_pipe_in_a_store_is_refused_and_not_waited_for(own: Path) -> None:
    os.mkfifo(own / "seismic" / "pipe")
    assert code_of(own) == "not-regular"


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside"])
def test_names_that_lead_out_of_a_zip_are_refused(name: str, store: Path, tmp_path: Path) -> None:
    path = packed(store, tmp_path / "a.zarr.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    assert code_of(path) == "outside-root"


def test_a_zip_that_unpacks_to_very_much_is_refused(store: Path, tmp_path: Path) -> None:
    path = packed(store, tmp_path / "a.zarr.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("seismic/c/9/9/9", bytes(100_000_000))
    assert code_of(path, SizeLimits(growth=2.0, harmless=1000)) == "decompression-bomb"


def test_huge_chunks_and_shapes_are_refused_before_anything_is_allocated(own: Path) -> None:
    change(own, chunk_grid=grid(20000, 20000, 64))
    assert code_of(own) == "too-large"
    change(own, chunk_grid=grid(7, 16, 25), shape=[10**9, 10**9, 64])
    assert code_of(own) == "too-large"


def test_codecs_that_run_code_are_refused(tmp_path: Path) -> None:
    path = write_store(tmp_path / "two.zarr", zarr_format=2)
    metadata = path / "seismic" / ".zarray"
    told = json.loads(metadata.read_text())
    metadata.write_text(json.dumps(told | {"filters": [{"id": "pickle", "protocol": 5}]}))
    (path / ".zmetadata").unlink()
    assert code_of(path) == "bad-zarr"
    metadata.write_text(json.dumps(told | {"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}))
    assert code_of(path) == "bad-zarr"


def test_a_damaged_chunk_is_named(own: Path) -> None:
    chunk = next(path for path in sorted((own / "seismic" / "c").rglob("*")) if path.is_file())
    chunk.write_bytes(b"\x00" * 40)
    assert code_of(own) == "bad-zarr"


def test_damaged_metadata_and_other_folders_are_no_stores(own: Path, tmp_path: Path) -> None:
    (own / "zarr.json").write_text("{")
    assert code_of(own) == "bad-zarr"
    (tmp_path / "empty.zarr").mkdir()
    assert code_of(tmp_path / "empty.zarr") == "bad-zarr"
    (tmp_path / "text.zarr.zip").write_text("no zip")
    assert code_of(tmp_path / "text.zarr.zip") == "bad-zarr"


def test_times_without_a_unit_are_milliseconds_and_depths_are_refused(own: Path) -> None:
    attributes = own / "twt" / "zarr.json"
    told = json.loads(attributes.read_text())
    change(own)
    attributes.write_text(json.dumps(told | {"attributes": {}}))
    found = read(own)
    assert [finding.code for finding in found.findings] == ["time-unit"]
    assert found.axis[1] == pytest.approx(0.004)
    attributes.write_text(json.dumps(told | {"attributes": {"units": "m"}}))
    assert code_of(own) == "bad-zarr"


def peak_of(path: Path, rows: int) -> int:
    """Peak of allocated bytes while a volume of `rows` inlines is read in blocks."""
    lines = {"inline": np.arange(rows), "crossline": np.arange(64), "time": 4 * np.arange(256)}
    values = np.zeros((rows, 64, 256), dtype=np.float32)
    store = xarray.Dataset({"a": (tuple(lines), values)}, coords=lines)
    store.to_zarr(path, encoding={"a": {"chunks": (8, 32, 128)}}, consolidated=False)
    source = Source(str(path), "0" * 64)
    tracemalloc.start()
    with Volume(path, source=source) as volume:
        assert sum(len(block.channels) for block in volume.blocks(100)) == 64 * rows
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_volume(tmp_path: Path) -> None:
    peak_of(tmp_path / "warm.zarr", 8)
    small, large = peak_of(tmp_path / "small.zarr", 16), peak_of(tmp_path / "large.zarr", 80)
    assert large < 1.3 * small
    assert large < 4 * 80 * 64 * 256 / 2  # half its samples
