"""The files of a synthetic field, read back with the project's own readers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aemodels.io import read
from aemodels.synthetic import FieldManifest, FieldSpec, LineSpec, sample_field

SMALL = FieldSpec(
    wells=3,
    arrivals=2,
    top_m=1200.0,
    base_m=1600.0,
    log_fault_fraction=0.15,
    trace_fault_fraction=0.2,
    line=LineSpec(traces=60, samples=200),
)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> FieldManifest:
    return sample_field(tmp_path_factory.mktemp("field"), SMALL, seed=7)


def content(manifest: FieldManifest) -> dict[Path, bytes]:
    return {path.relative_to(manifest.directory): path.read_bytes() for path in manifest.files}


def test_layout(field: FieldManifest) -> None:
    found = {str(path.relative_to(field.directory)) for path in field.directory.rglob("*") if path.is_file()}
    arrivals = {"new-well-01.las", "new-well-02.las", "new-line.sgy"}
    assert found == {
        *(f"wells/well-0{n}.las" for n in (1, 2, 3)),
        "seismic/line.sgy",
        "truth/truth.json",
        *(f"arrivals/{name}" for name in arrivals),
        *(f"truth/clean/{name}" for name in arrivals),
    }
    assert {path.relative_to(field.directory).as_posix() for path in field.files} == found


def test_the_same_seed_gives_the_same_bytes(field: FieldManifest, tmp_path: Path) -> None:
    first = content(field)
    assert content(sample_field(tmp_path, SMALL, seed=7)) == first
    assert content(sample_field(tmp_path, SMALL, seed=7)) == first


def test_another_seed_gives_another_field(field: FieldManifest, tmp_path: Path) -> None:
    other = content(sample_field(tmp_path, SMALL, seed=8))
    assert all(other[path] != data for path, data in content(field).items())


def test_an_additional_well_changes_only_the_well_locations(tmp_path: Path, field: FieldManifest) -> None:
    more = content(sample_field(tmp_path, SMALL.model_copy(update={"wells": 4}), seed=7))
    for path, data in content(field).items():
        if path.parts[0] in {"seismic", "arrivals"}:
            assert more[path] == data


def test_files_are_read_without_findings(field: FieldManifest) -> None:
    for path in field.files:
        if path.suffix == ".json":
            continue
        recording = read(path)
        assert not recording.findings, f"{path}: {recording.findings[:3]}"
        if recording.kind == "logs":
            assert recording.names == ("GR", "RHOB", "NPHI", "DTC", "RDEP", "RMED", "CALI", "BS")
            np.testing.assert_allclose(np.diff(recording.axis), 0.1524, atol=2e-4)
        else:
            assert recording.values.shape == (60, 200)
            np.testing.assert_allclose(np.diff(recording.axis), 0.004, atol=1e-6)


def test_truth_lists_exactly_what_differs_from_the_clean_copies(field: FieldManifest) -> None:
    truth = json.loads(field.truth.read_text())
    assert [field.directory / entry["file"] for entry in truth["files"]] == list(field.arrivals)
    for entry in truth["files"]:
        faulty, clean = read(field.directory / entry["file"]), read(field.directory / entry["clean"])
        differs = np.nan_to_num(faulty.values - clean.values) != 0
        np.testing.assert_array_equal(np.isnan(faulty.values), np.isnan(clean.values))
        listed = np.zeros_like(differs)
        for event in entry["events"]:
            rows = event.get("traces") or [faulty.names.index(name) for name in event.get("curves", [])]
            span = (faulty.axis >= event["top"] - 1e-6) & (faulty.axis <= event["base"] + 1e-6)
            listed[np.ix_(rows, span)] = True
            assert differs[np.ix_(rows, span)].any(), event
        assert not (differs & ~listed).any()
        assert faulty.source.sha256 == entry["sha256"]


def test_arrivals_contain_every_kind_of_fault(field: FieldManifest) -> None:
    truth = json.loads(field.truth.read_text())
    kinds = {entry["kind"]: {event["kind"] for event in entry["events"]} for entry in reversed(truth["files"])}
    assert kinds["logs"] == {"washout", "cycle_skip", "stuck", "spike", "depth_shift", "unit"}
    assert kinds["seismic"] == {"dead", "reversed", "spiky", "static_shift", "noisy"}


def test_training_files_are_clean(field: FieldManifest) -> None:
    line = read(field.line)
    assert np.abs(line.values).max(axis=1).min() > 0.0
    for path in field.wells:
        well = read(path)
        assert np.nanmin(well.channel("RHOB")) > 1.2 and np.nanmax(well.channel("RHOB")) < 2.9
        assert np.nanmax(well.channel("CALI") - well.channel("BS")) < 2.0


def test_wells_tie_to_the_lines(field: FieldManifest) -> None:
    truth = json.loads(field.truth.read_text())
    bins = {
        (channel.headers["inline"], channel.headers["crossline"]): (channel.headers["cdp_x"], channel.headers["cdp_y"])
        for path in (field.line, field.arrivals[-1])
        for channel in read(path).channels
    }
    on_line = [well for well in truth["wells"].values() if (well["inline"], well["crossline"]) in bins]
    assert len(on_line) >= 3
    for well in on_line:
        x, y = bins[well["inline"], well["crossline"]]
        assert np.hypot(x - well["cdp_x"], y - well["cdp_y"]) < 1.0
