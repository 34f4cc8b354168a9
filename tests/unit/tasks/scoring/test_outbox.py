"""The outbox: columns, types and nulls that others rely on; all outputs of a file or none."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aemodels.core.findings import Finding
from aemodels.core.types import Scores
from aemodels.io.added_curves import flag_curves
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.readers import read
from aemodels.io.segy.writer import write_segy
from helpers.recordings import make_line, make_well
from tasks.scoring.outbox import score_schema, score_table, stage, targets
from tasks.scoring.places.quarantine import quarantine
from tasks.scoring.places.staged import BundleLabel, ChangedError, Destination, discard, publish, remove_temporary_files

LABEL = BundleLabel("sondeflow-logs", "3")
KNOWN = ("GR", "RHOB")


def _publish(out, recording, scores, label=LABEL, **more):
    """Stage and publish one file; its targets."""
    destination = Destination(out, label, **more)
    publish([stage(destination, recording, scores, recording.source.path)])
    return targets(destination, recording)


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def _log_scores(recording, channels=KNOWN):
    samples = recording.axis.size
    raw = np.full((len(channels), samples), np.nan, dtype=np.float32)
    for row, curve in enumerate(channels):
        if curve in recording.names:
            raw[row] = recording.channel(curve)
    channel_score = np.where(np.isnan(raw), np.nan, 0.5).astype(np.float32)
    channel_score[0, 10] = 2.0
    score = np.full(samples, 0.5, dtype=np.float32)
    score[10], score[20] = 2.0, np.nan
    reason = tuple("spike" if n == 10 else "" for n in range(samples))
    return Scores("logs", score, 1.0, reason, channels, raw, raw.copy(), channel_score)


def _trace_scores(recording):
    traces = len(recording.channels)
    score = np.zeros(traces, dtype=np.float32)
    score[3] = 5.0
    reason = tuple("dead" if n == 3 else "" for n in range(traces))
    half = (recording.values / 2).astype(np.float32)
    return Scores("seismic", score, 1.0, reason, recording.names, recording.values, half, score[:, None].copy())


@pytest.fixture
def well(tmp_path):
    path = tmp_path / "in" / "A 1.las"
    path.parent.mkdir()
    write_las(make_well(samples=50, curves=("GR", "RHOB", "DTC")), path)
    return read(path)


@pytest.fixture
def section(tmp_path):
    path = tmp_path / "in" / "line.SGY"
    path.parent.mkdir(exist_ok=True)
    write_segy(make_line(traces=8, samples=40), path)
    return read(path)


def test_log_columns_are_the_contract():
    columns = ["source", "sha256", "well", "depth"]
    result = ["score", "threshold", "is_anomaly", "suspect", "judged", "reason"]
    assert score_schema("logs", ("GR",)).names == [*columns, *result, "GR", "GR_DN", "ANOM_GR", "BADLOG_GR"]


def test_trace_columns_are_the_contract():
    columns = ["source", "sha256", "trace", "inline", "crossline", "cdp_x", "cdp_y"]
    assert score_schema("seismic", ()).names == [*columns, "score", "threshold", "is_anomaly", "reason"]


def test_log_rows_hold_depths_values_and_flags(well):
    table = score_table(well, _log_scores(well))
    assert table.schema.equals(score_schema("logs", KNOWN))
    np.testing.assert_array_equal(table["depth"].to_numpy(), well.axis)
    np.testing.assert_array_equal(table["GR"].to_numpy(), well.channel("GR"))
    assert np.flatnonzero(table["is_anomaly"].to_numpy()).tolist() == [10]
    assert np.flatnonzero(table["BADLOG_GR"].to_numpy()).tolist() == [10]
    assert table["reason"][10].as_py() == "spike"
    assert table["score"].null_count == 1
    assert set(table["sha256"].to_pylist()) == {well.source.sha256}


def test_a_curve_that_the_well_lacks_is_null_with_the_same_types(well):
    channels = ("GR", "NPHI")
    table = score_table(well, _log_scores(well, channels))
    for name in ("NPHI", "NPHI_DN", "ANOM_NPHI", "BADLOG_NPHI"):
        assert table[name].null_count == table.num_rows
    assert table.schema.equals(score_schema("logs", channels))
    assert table.schema.field("BADLOG_NPHI").type == pa.int8()


def test_trace_rows_hold_the_headers(section):
    table = score_table(section, _trace_scores(section))
    assert table["trace"].to_pylist() == list(range(8))
    assert table["crossline"].to_pylist() == [channel.headers["crossline"] for channel in section.channels]
    assert np.flatnonzero(table["is_anomaly"].to_numpy()).tolist() == [3]


def test_flagged_curves_leave_out_what_the_well_lacks(well):
    names = [curve.name for curve in flag_curves(_log_scores(well, ("GR", "NPHI")))]
    assert names == ["GR_DN", "ANOM_GR", "BADLOG_GR"]


def test_a_well_is_published_under_its_hash_and_version(tmp_path, well):
    out = tmp_path / "out"
    goal = _publish(out, well, _log_scores(well))
    sha = well.source.sha256
    assert goal.scores == out / "scores" / "kind=logs" / "bundle=sondeflow-logs-v3" / f"{sha}.parquet"
    assert goal.copy == out / "las" / f"A_1.{sha[:8]}.las"
    assert goal.report == out / "reports" / f"A_1.{sha[:8]}.html"
    assert pq.read_table(goal.scores, partitioning=None).num_rows == 50
    flagged = read(goal.copy)
    np.testing.assert_array_equal(flagged.channel("RHOB"), well.channel("RHOB"))
    assert np.flatnonzero(flagged.channel("BADLOG_GR") == 1).tolist() == [10]
    assert "sondeflow-logs-v3" in goal.copy.read_text()
    assert "<html" in goal.report.read_text()


def test_a_line_is_published_with_its_denoised_samples(tmp_path, section):
    goal = _publish(tmp_path / "out", section, _trace_scores(section), BundleLabel("sondeflow-seismic", "1"))
    assert goal.copy.name == f"line.{section.source.sha256[:8]}.sgy"
    denoised = read(goal.copy)
    np.testing.assert_allclose(denoised.values, section.values / 2, rtol=1e-5)
    assert [dict(c.headers) for c in denoised.channels] == [dict(c.headers) for c in section.channels]


def test_packed_files_are_published_unpacked(tmp_path, well, section):
    for plain, scores, label in (
        (well, _log_scores(well), "sondeflow-logs"),
        (section, _trace_scores(section), "sondeflow-seismic"),
    ):
        path = plain.source.path.with_name(plain.source.path.name + ".gz")
        path.write_bytes(gzip.compress(plain.source.path.read_bytes()))
        packed = read(path)
        goal = _publish(tmp_path / "out", packed, scores, BundleLabel(label, "1"))
        sha, stem = sha256_file(path), plain.source.path.stem.replace(" ", "_")
        assert goal.copy.name == f"{stem}.{sha[:8]}{'.las' if plain.kind == 'logs' else '.sgy'}"
        np.testing.assert_array_equal(read(goal.copy).axis, plain.axis)


def test_a_file_that_changes_meanwhile_publishes_nothing(tmp_path, well):
    out = tmp_path / "out"
    with well.source.path.open("a") as stream:
        stream.write("\n")
    with pytest.raises(ChangedError, match="next run"):
        _publish(out, well, _log_scores(well))
    assert _files(out) == []


def test_publishing_leaves_the_input_as_it_was(tmp_path, well):
    before = (well.source.path.read_bytes(), well.source.path.stat().st_mtime_ns)
    _publish(tmp_path / "out", well, _log_scores(well))
    assert (well.source.path.read_bytes(), well.source.path.stat().st_mtime_ns) == before


def test_names_with_blanks_and_umlauts_stay_inside_the_outbox(tmp_path, well):
    import dataclasses

    odd = dataclasses.replace(well, source=dataclasses.replace(well.source, uri="/in/../Brunnen Ä=1*.las"))
    goal = targets(Destination(tmp_path, BundleLabel("a/b", "1")), odd)
    assert all(path.resolve().is_relative_to(tmp_path) for path in (goal.scores, goal.copy, goal.report))
    assert "*" not in goal.copy.name


def test_quarantine_is_a_copy_beside_its_reason(tmp_path):
    path = tmp_path / "bad.las"
    path.write_bytes(b"\x00not a log")
    finding = Finding("error", "no-data", "line 1", "nothing", "a ~A section", "get it again")
    _, reason = quarantine(Destination(tmp_path / "out", LABEL), path, str(path), sha256_file(path), [finding])
    assert (reason.parent / "bad.las").read_bytes() == path.read_bytes() == b"\x00not a log"
    assert reason.parent.name == sha256_file(path)
    assert json.loads(reason.read_text())["findings"] == [finding.to_dict()]


def test_staged_outputs_are_whole_hidden_and_hashed(tmp_path, well):
    out = tmp_path / "out"
    staged = stage(Destination(out, LABEL, temp_prefix="w1"), well, _log_scores(well), well.source.path)
    assert [path.name[:4] for path in _files(out)] == [".w1."] * 3
    assert staged[-1].target.endswith(".parquet"), "the sign that the others are there comes last"
    for item in staged:
        assert sha256_file(Path(item.temporary)) == item.sha256
        assert Path(item.temporary).parent == Path(item.target).parent
    publish([staged])
    assert {str(path) for path in _files(out)} == {item.target for item in staged}
    assert all(sha256_file(Path(item.target)) == item.sha256 for item in staged)


def test_without_its_copy_no_score_is_published(tmp_path, well):
    out = tmp_path / "out"
    staged = stage(Destination(out, LABEL), well, _log_scores(well), well.source.path)
    Path(staged[0].temporary).unlink()
    with pytest.raises(FileNotFoundError):
        publish([staged])
    discard(staged)
    assert not [path for path in _files(out) if path.suffix == ".parquet"]


def test_another_version_writes_to_its_own_folder(tmp_path, well):
    out = tmp_path / "out"
    first = _publish(out, well, _log_scores(well))
    before = {path: path.read_bytes() for path in _files(out)}
    second = _publish(out, well, _log_scores(well), BundleLabel("sondeflow-logs", "4"), own_folder=True)
    assert {path: path.read_bytes() for path in before} == before
    assert len(_files(out)) == 6
    assert second.copy == out / "las" / "bundle=sondeflow-logs-v4" / first.copy.name
    assert second.report == out / "reports" / "bundle=sondeflow-logs-v4" / first.report.name


@pytest.mark.parametrize("letter", ["x", "\u00e4", "\u5730", "\U00020000"])
def test_names_as_long_as_names_may_be_are_shortened(tmp_path, well, letter):
    name = letter * (251 // len(letter.encode())) + ".las"
    path = well.source.path.with_name(name)
    path.write_bytes(well.source.path.read_bytes())
    long = read(path)
    goal = _publish(tmp_path / "out", long, _log_scores(long))
    assert goal.copy.is_file()
    assert goal.copy.name.startswith(letter * 30)
    assert len(goal.copy.name.encode()) < 255
    copy, _ = quarantine(Destination(tmp_path / "out", LABEL), path, str(path), long.source.sha256, [])
    assert copy.name == name


def test_what_a_dead_worker_left_is_swept_and_nothing_else(tmp_path, well):
    out = tmp_path / "out"
    stage(Destination(out, LABEL, temp_prefix="wdead-7"), well, _log_scores(well), well.source.path)
    mine = stage(Destination(out, LABEL, temp_prefix="wmine-7"), well, _log_scores(well), well.source.path)
    done = _publish(out, well, _log_scores(well), BundleLabel("sondeflow-logs", "9"), own_folder=True)
    assert remove_temporary_files(out, "wdead") == 3
    left = {str(path) for path in _files(out)}
    assert left == {item.temporary for item in mine} | {str(path) for path in (done.scores, done.copy, done.report)}


def test_a_report_contains_the_findings_of_the_quality_rules(tmp_path, well):
    filled = well.values.copy()
    filled[0, 10:40] = np.linspace(40, 90, 30)
    drawn = dataclasses.replace(well, values=filled)
    goal = targets(Destination(tmp_path / "out", LABEL), drawn)
    publish([stage(Destination(tmp_path / "out", LABEL), drawn, _log_scores(drawn), drawn.source.path)])
    report = goal.report.read_text(encoding="utf-8")
    assert "interpolated" in report
    assert f"curve {well.names[0]}" in report


def test_a_report_leads_to_the_card_of_the_registered_model(tmp_path, well):
    address = "http://localhost:5000/#/models/sondeflow-logs/versions/3"
    _publish(tmp_path / "out", well, _log_scores(well), BundleLabel("sondeflow-logs", "3", address))
    (report,) = (path for path in _files(tmp_path / "out") if path.suffix == ".html")
    assert f'href="{address}"' in report.read_text(encoding="utf-8")
