"""A large line gets the outputs of a small one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from aemodels.bundle import large_lines
from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Source
from aemodels.io import read, read_segy, sha256_file, write_segy
from helpers.cheap_bundle import cheap_line_bundle
from helpers.recordings import make_line
from tasks.scoring import outbox_large_lines
from tasks.scoring.outbox import ABOUT, Targets, stage
from tasks.scoring.outbox_large_lines import LargeLine, WrittenLine, stage_blocks
from tasks.scoring.places.staged import BundleLabel, ChangedError, Destination, publish

LABEL = BundleLabel("sondeflow-seismic", "2")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return cheap_line_bundle()


@pytest.fixture(params=["line.sgy", "line.sgy.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """130 traces, of which eleven are dead, ten of them in one block."""
    line = make_line(traces=130, samples=80, seed=9)
    values = line.values.copy()
    values[7] = 0
    values[100:110] = 0
    write_segy(line.with_values(values), tmp_path / "line.sgy")
    target = tmp_path / "in" / request.param
    target.parent.mkdir()
    data = (tmp_path / "line.sgy").read_bytes()
    target.write_bytes(gzip.compress(data) if target.suffix == ".gz" else data)
    return target


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_lines, "BLOCK_SAMPLES", 40 * 80)


def large(path: Path) -> LargeLine:
    return LargeLine(path, Source(str(path), sha256_file(path)))


def _goal(staged) -> Targets:
    copy, report, scores = (Path(item.target) for item in staged)
    return Targets(scores, copy, report)


def publish_blocks(outbox: Path, line: LargeLine, bundle: Bundle) -> tuple[Targets, WrittenLine]:
    staged, written = stage_blocks(Destination(outbox, LABEL), line, bundle)
    publish([staged])
    return _goal(staged), written


def test_blocks_publish_what_the_whole_publishes(path: Path, bundle: Bundle, tmp_path: Path):
    recording = read(path)
    scores = bundle.score(recording)
    staged = stage(Destination(tmp_path / "whole", LABEL), recording, scores, path)
    publish([staged])
    whole = _goal(staged)
    goal, line = publish_blocks(tmp_path / "blocks", large(path), bundle)
    assert [one.relative_to(tmp_path / "blocks") for one in (goal.scores, goal.copy, goal.report)] == [
        one.relative_to(tmp_path / "whole") for one in (whole.scores, whole.copy, whole.report)
    ]
    assert (line.rows, line.flagged) == (130, int(scores.is_anomaly.sum()))
    assert line.findings == recording.findings
    one, two = pq.ParquetFile(whole.scores), pq.ParquetFile(goal.scores)
    assert two.num_row_groups == 4
    told = [json.loads((file.metadata.metadata or {})[ABOUT])["findings"] for file in (one, two)]
    assert told[0] == told[1] and len(told[0]) == len(recording.findings)
    assert one.schema_arrow == two.schema_arrow
    left, right = one.read().to_pydict(), two.read().to_pydict()
    np.testing.assert_allclose(np.array(left.pop("score"), float), np.array(right.pop("score"), float), rtol=1e-4)
    assert left == right
    np.testing.assert_allclose(read_segy(goal.copy).values, read_segy(whole.copy).values, atol=1e-4)
    assert goal.copy.read_bytes()[:3600] == whole.copy.read_bytes()[:3600]


def test_the_report_shows_the_worst_block_with_a_note(path: Path, bundle: Bundle, tmp_path: Path):
    goal, line = publish_blocks(tmp_path / "out", large(path), bundle)
    page = goal.report.read_text()
    flags = np.array(pq.read_table(goal.scores)["is_anomaly"])
    worst = int(np.argmax([flags[start : start + 40].sum() for start in range(0, 130, 40)]))
    assert f"<h1>line, trace {40 * worst} to trace {min(40 * worst + 39, 129)}</h1>" in page
    assert f"{line.flagged} of 130 traces flagged" in page


def test_a_file_that_changes_meanwhile_is_not_published(
    path: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    line = large(path)
    monkeypatch.setattr(outbox_large_lines, "render_report", lambda *_, **__: path.write_bytes(b"new") and "page")
    with pytest.raises(ChangedError, match="changed"):
        publish_blocks(tmp_path / "out", line, bundle)
    assert [found for found in (tmp_path / "out").rglob("*") if found.is_file()] == []
