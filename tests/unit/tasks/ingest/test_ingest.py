"""Ingest: every file once, what cannot be used is a finding, the rest goes on."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from helpers.recordings import make_line, make_well
from tasks.ingest import ingest
from tasks.ingest.ingest import batches_of, collect, find_files, ingest_batch, ingest_file
from tasks.settings import Settings
from tasks.storage.refs import load_recording


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    write_las(make_well("A-1", samples=60), place / "a.las")
    (place / "letter.las").write_text("Dear all,\n")
    (place / "empty.sgy").touch()
    (place / "table.xlsx").write_bytes(b"PK")
    return place


def test_unusable_files_are_findings_and_the_rest_goes_on(folder, settings):
    batches, problems = find_files.fn(str(folder), settings)
    records = [record for batch in batches for record in ingest_batch.fn(batch, settings)]
    dataset = collect.fn(problems + records)
    assert [file.name for file in dataset.usable] == ["A-1"]
    assert len(dataset.left_out) == 3
    assert all(any(f.severity == "error" for f in file.findings) for file in dataset.left_out)
    assert load_recording(dataset.usable[0].ref).names == make_well(samples=60).names


def test_files_behind_a_url_are_fetched_and_read(folder, settings):
    import fsspec

    system = fsspec.filesystem("memory")
    for name in ("north/a.las", "south/a.las"):
        system.pipe(f"/ingest/{name}", (folder / "a.las").read_bytes() + f"# {name}\n".encode())
    try:
        batches, problems = find_files.fn("memory://ingest", settings)
    finally:
        system.rm("/ingest", recursive=True)
    (records,) = [ingest_batch.fn(batch, settings) for batch in batches]
    assert problems == []
    assert [record.name for record in records] == ["A-1", "A-1"]
    assert len({record.sha256 for record in records}) == 2
    assert all(settings.fetched_dir in Path(record.path).parents for record in records)


def test_header_positions_come_from_the_environment(folder, tmp_path, monkeypatch):
    """The offset stands at byte 37; stated as the place of the inline, it is read as one, and not from the cache."""
    line = make_line(traces=4, samples=30)
    channels = [replace(channel, headers={**channel.headers, "offset": 700}) for channel in line.channels]
    write_segy(replace(line, channels=tuple(channels)), folder / "l.sgy")
    before = load_recording(ingest_file(folder / "l.sgy", Settings(home=tmp_path / "home"))[0].ref)
    monkeypatch.setenv("SONDEFLOW_HEADER_POSITIONS", '{"inline": 37}')
    after = load_recording(ingest_file(folder / "l.sgy", Settings(home=tmp_path / "home"))[0].ref)
    assert [before.channels[2].headers[name] for name in ("inline", "crossline")] == [1, 2]
    assert [after.channels[2].headers[name] for name in ("inline", "crossline")] == [700, 2]


def test_a_url_that_cannot_be_reached_is_a_finding(settings):
    batches, (record,) = find_files.fn("ftp://example.org/wells", settings)
    assert batches == []
    assert (record.path, record.findings[0].code) == ("ftp://example.org/wells", "unknown-scheme")


def test_a_known_content_is_not_read_again(folder, settings, monkeypatch):
    first = ingest_file(folder / "a.las", settings)
    monkeypatch.setattr(ingest, "read", lambda path, **_: pytest.fail(f"{path} was read again"))
    assert ingest_file(folder / "a.las", settings) == first


def test_a_changed_content_is_read_again(folder, settings):
    (first,) = ingest_file(folder / "a.las", settings)
    write_las(make_well("A-1", samples=70), folder / "a.las")
    assert ingest_file(folder / "a.las", settings)[0].sha256 != first.sha256


def test_a_lost_recording_is_read_again(folder, settings):
    (first,) = ingest_file(folder / "a.las", settings)
    first.ref.path.unlink()
    (again,) = ingest_file(folder / "a.las", settings)
    assert again == first
    assert again.ref.path.is_file()


def test_the_same_content_under_two_names_counts_once(folder, settings):
    shutil.copy(folder / "a.las", folder / "z.las")
    records = [record for path in sorted(folder.glob("?.las")) for record in ingest_file(path, settings)]
    dataset = collect.fn(records)
    assert [file.path for file in dataset.usable] == [str(folder / "a.las")]
    assert [finding.code for finding in dataset.left_out[0].findings] == ["duplicate"]


def test_batches_hold_every_path_once(tmp_path):
    paths = [tmp_path / f"{n}.las" for n in range(37)]
    batches = batches_of(paths, 16)
    assert [len(batch) for batch in batches] == [16, 16, 5]
    assert [path for batch in batches for path in batch] == [str(path) for path in paths]


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_too_large_to_be_read_at_once_is_stored_in_parts(tmp_path, monkeypatch, packed):
    line = make_line(traces=400, samples=30)
    path = tmp_path / "l.sgy"
    write_segy(line, path)
    if packed:
        path = tmp_path / "l.sgy.gz"
        path.write_bytes(gzip.compress((tmp_path / "l.sgy").read_bytes()))
    monkeypatch.setattr(ingest, "PART_BYTES", 150 * 30 * 4)
    settings = Settings(home=tmp_path / "home", max_whole_bytes=10_000)
    records = ingest_file(path, settings)
    assert [record.name for record in records] == ["l 0-149", "l 150-299", "l 300-399"]
    assert ingest_file(path, settings) == records
    dataset = collect.fn(records)
    assert len(dataset.usable) == 3  # parts of one content are no duplicates
    for record, start in zip(records, (0, 150, 300), strict=True):
        part = load_recording(record.ref)
        assert part.channels[0].name == f"trace {start}"
        np.testing.assert_array_equal(part.values, line.values[start : start + len(part.values)])
        assert "read-in-parts" in {finding.code for finding in part.findings}
        assert part.source.uri == str(path)
    assert [len(load_recording(record.ref).channels) for record in records] == [150 - 64, 150 - 64, 100]


def test_sizes_beyond_the_settings_are_refused(folder, tmp_path):
    (record,) = ingest_file(folder / "a.las", Settings(home=tmp_path / "home", max_file_bytes=100))
    assert [finding.code for finding in record.findings] == ["too-large"]
