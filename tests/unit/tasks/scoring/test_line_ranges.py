"""A line that is scored in ranges, in any order and by several processes, is the line that is scored in one piece."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aemodels.bundle import large_lines
from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Source
from aemodels.io import sha256_file, write_segy
from aemodels.io.segy import read_plan as read_plan_module
from helpers.cheap_bundle import cheap_line_bundle
from helpers.recordings import make_line
from tasks.scoring.line_ranges.outputs import stage_ranges, write_range
from tasks.scoring.line_ranges.plan import LinePart, read_plan
from tasks.scoring.line_ranges.survey import RANGE_BLOCKS, divide, plan_line, survey_of, survey_part
from tasks.scoring.outbox_large_lines import LargeLine, stage_blocks, survey_plain
from tasks.scoring.places.staged import BundleLabel, ChangedError, Destination, publish

LABEL = BundleLabel("sondeflow-seismic", "2")
TRACES, BLOCK, RANGE = 330, 40, 80


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return cheap_line_bundle()


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LargeLine:
    """A line of nine blocks of 40 traces, with dead traces in some of them."""
    monkeypatch.setattr(large_lines, "BLOCK_SAMPLES", BLOCK * 60)
    line = make_line(traces=TRACES, samples=60, seed=9)
    values = line.values.copy()
    values[[7, 100, 101, 260]] = 0
    path = tmp_path / "in" / "line.sgy"
    path.parent.mkdir()
    write_segy(line.with_values(values), path)
    return LargeLine(path, Source(str(path), sha256_file(path)))


@pytest.fixture
def part(tmp_path: Path):
    """Return a function that makes one step with its number."""
    (tmp_path / "ranges").mkdir()

    def make(step: str, number: int = 0) -> LinePart:
        folder = str(tmp_path / "ranges")
        return LinePart(step=step, folder=folder, number=number, traces=RANGE, temp_prefix="w1")  # type: ignore[arg-type]

    return make


def _published(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.is_file()}


def test_ranges_cover_the_line_in_blocks(line, bundle, part):
    plan = plan_line(line, bundle, part("plan"))
    assert [len(blocks) for blocks in plan.ranges] == [2, 2, 2, 2, 1]
    spans = [span for blocks in plan.ranges for span in blocks]
    assert spans[0][0] == 0 and spans[-1][1] == TRACES == plan.traces
    assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))


def test_a_plan_is_read_as_it_was_written(line, bundle, part):
    plan = plan_line(line, bundle, part("plan"))
    assert read_plan(Path(part("plan").folder)) == plan
    assert survey_of(read_plan(Path(part("plan").folder))) == survey_plain(line.local, None)


@pytest.mark.parametrize("parts", [2, 3, 20])
def test_a_survey_in_parts_by_several_workers_is_that_of_one_piece(line, bundle, part, parts):
    """20 parts: more than the line has blocks."""
    steps = [part("survey", number).model_copy(update={"parts": parts}) for number in range(parts)]
    surveyed = [survey_part(line, step) for step in reversed(steps[:-1])]  # the last one is lost with its worker
    assert 0 < sum(surveyed) < TRACES
    made = {path: path.stat().st_mtime_ns for path in Path(steps[0].folder).glob("*.npz")}
    plan = plan_line(line, bundle, steps[0].model_copy(update={"step": "plan"}))
    assert survey_of(plan) == survey_plain(line.local, None)
    assert {path: path.stat().st_mtime_ns for path in made} == made, "a finished part was measured again"
    assert survey_part(line, steps[-1]) == 0, "after the plan, nothing is left to do"


def test_findings_of_all_traces_are_those_of_one_piece(bundle, part, tmp_path, monkeypatch):
    """A short last inline, which no part sees alone, and a finding of several blocks, which is told once."""
    monkeypatch.setattr(large_lines, "BLOCK_SAMPLES", BLOCK * 60)
    line = make_line(traces=TRACES, samples=60, seed=9)
    channels = tuple(
        dataclasses.replace(channel, headers={**channel.headers, "inline": 1 + row // 50})
        for row, channel in enumerate(line.channels)
    )
    path = tmp_path / "volume.sgy"
    write_segy(dataclasses.replace(line, channels=channels), path)
    whole = survey_plain(path, None)
    assert "last-line-short" in {finding.code for finding in whole.findings}
    steps = [part("survey", number).model_copy(update={"parts": 4}) for number in range(4)]
    found = LargeLine(path, Source(str(path), sha256_file(path)))
    for step in steps:
        survey_part(found, step)
    assert survey_of(plan_line(found, bundle, steps[0].model_copy(update={"step": "plan"}))) == whole


@pytest.mark.parametrize("count", [1, 3, 17, 161])
def test_ranges_get_smaller_towards_the_end_so_that_workers_end_together(count):
    """Two workers that take the next range when they are done end within one block of each other."""
    blocks = [(40 * number, 40 * number + 40) for number in range(count)]
    ranges = divide(blocks, None)
    assert [block for blocks in ranges for block in blocks] == blocks
    sizes = [len(blocks) for blocks in ranges]
    assert sizes == sorted(sizes, reverse=True) and max(sizes) <= RANGE_BLOCKS
    for workers in (2, 3, 4):
        done = [0] * workers
        for size in sizes:
            done[done.index(min(done))] += size
        assert max(done) - min(done) <= 1
    assert len(divide(blocks, 80)) == -(-count // 2), "a size that was asked for is kept"


def test_ranges_in_any_order_give_the_outputs_of_one_piece(line, bundle, part, tmp_path):
    staged, whole = stage_blocks(Destination(tmp_path / "whole", LABEL), line, bundle)
    publish([staged])
    count = len(plan_line(line, bundle, part("plan")).ranges)
    for number in (3, 0, 4, 2, 1):
        write_range(line, bundle, part("range", number))
    assert count == 5
    staged, written = stage_ranges(Destination(tmp_path / "ranged", LABEL), line, bundle, part("assemble"))
    publish([staged])
    one, two = _published(tmp_path / "whole"), _published(tmp_path / "ranged")
    assert list(one) == list(two) and len(one) == 3
    for name, content in one.items():
        if not name.endswith(".parquet"):
            assert two[name] == content, f"{name} differs"
    tables = [pq.read_table(next((tmp_path / name).rglob("*.parquet"))) for name in ("whole", "ranged")]
    assert tables[0].equals(tables[1], check_metadata=True)
    assert written == whole


def test_a_finished_range_is_not_scored_again(line, bundle, part, monkeypatch):
    plan_line(line, bundle, part("plan"))
    summary = write_range(line, bundle, part("range", 1))
    monkeypatch.setattr(Bundle, "score", lambda *_: pytest.fail("scored again"))
    assert write_range(line, bundle, part("range", 1)) == summary


def test_no_step_reads_the_whole_line_to_hash_it_again(line, bundle, part, tmp_path, monkeypatch):
    """Its hash is that of the claim; a hash per range would make a line cost the square of its size."""
    monkeypatch.setattr(read_plan_module, "sha256_file", lambda *_: pytest.fail("the line was hashed"))
    survey_part(line, part("survey"))
    for number in range(len(plan_line(line, bundle, part("plan")).ranges)):
        write_range(line, bundle, part("range", number))
    stage_ranges(Destination(tmp_path / "out", LABEL), line, bundle, part("assemble"))
    stage_blocks(Destination(tmp_path / "whole", LABEL), line, bundle)


def test_a_missing_or_altered_range_is_named_and_scored_again(line, bundle, part, tmp_path):
    plan_line(line, bundle, part("plan"))
    for number in (0, 1, 2, 4):
        write_range(line, bundle, part("range", number))
    destination = Destination(tmp_path / "out", LABEL)
    with pytest.raises(OSError, match=r"ranges \[3\] of 5 are not finished"):
        stage_ranges(destination, line, bundle, part("assemble"))
    write_range(line, bundle, part("range", 3))
    altered = tmp_path / "ranges" / "000002.traces"
    good = altered.read_bytes()
    altered.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(OSError, match=r"000002.traces is not what was written"):
        stage_ranges(destination, line, bundle, part("assemble"))
    write_range(line, bundle, part("range", 2))
    assert altered.read_bytes() == good
    assert len(stage_ranges(destination, line, bundle, part("assemble"))[0]) == 3


def test_a_line_that_changes_meanwhile_is_not_published(line, bundle, part, tmp_path):
    for number in range(len(plan_line(line, bundle, part("plan")).ranges)):
        write_range(line, bundle, part("range", number))
    with line.local.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x07")
    with pytest.raises(ChangedError, match="changed"):
        stage_ranges(Destination(tmp_path / "out", LABEL), line, bundle, part("assemble"))
    assert _published(tmp_path / "out") == {}
