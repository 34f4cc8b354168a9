"""A large line whose scoring was cut short: the next run keeps the finished ranges and publishes the line once."""

from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.io.segy.writer import write_segy
from helpers.cheap_bundle import cheap_line_bundle
from helpers.recordings import make_line
from tasks.address import Address
from tasks.ledger import entries, open_ledger
from tasks.lines.large_line import OpenLine, advance, close_line, do_step, next_steps, open_line, split_lines
from tasks.scoring.inbox import find_arrivals
from tasks.scoring.request import ScoreRequest
from tasks.scoring.worker_session import worker_session
from tasks.settings import Settings

RANGES = 5


@pytest.fixture
def waiting(tmp_path):
    """Settings, a request, and the arrival of a line of 330 traces, beside a small well that is no line."""
    cheap_line_bundle().save(tmp_path / "bundle")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_segy(make_line(traces=330, samples=60, seed=9), inbox / "line.sgy")
    (inbox / "letter.las").write_text("Dear all,\n")
    settings = Settings(home=tmp_path / "home", task_runner="dask", max_whole_bytes=1000, range_traces=70)
    request = ScoreRequest(
        inbox=str(inbox), outbox=str(tmp_path / "out"), bundle=str(tmp_path / "bundle"), settle_seconds=0
    ).filled(settings)
    found = find_arrivals(request, settings)
    files, (line,) = split_lines(found, settings)
    assert [Path(arrival.path).name for batch in files.batches for arrival in batch] == ["letter.las"]
    return settings, request, line


def _step(line, step, request, settings, numbers=None) -> list[OpenLine]:
    steps = [item for item in next_steps([line], step) if numbers is None or item.number in numbers]
    return advance([line], steps, [do_step(item, request, settings) for item in steps])


def test_finished_ranges_survive_the_run_that_made_them(waiting, tmp_path):
    settings, request, arrival = waiting
    with worker_session(settings, request.outbox):  # this run ends in the middle
        line = open_line(arrival, request, settings)
        assert isinstance(line, OpenLine)
        (line,) = _step(line, "plan", request, settings)
        assert len(next_steps([line], "range")) == RANGES
        (line,) = _step(line, "range", request, settings, numbers=(0, 2))
    finished = {path.name: path.stat().st_mtime_ns for path in Path(line.folder).glob("*.traces")}
    assert sorted(finished) == ["000000.traces", "000002.traces"]

    with worker_session(settings, request.outbox):
        line = open_line(arrival, request, settings)
        assert isinstance(line, OpenLine)
        (line,) = _step(line, "plan", request, settings)
        (line,) = _step(line, "range", request, settings)
        now = {path.name: path.stat().st_mtime_ns for path in Path(line.folder).glob("*.traces")}
        assert len(now) == RANGES
        assert {name: now[name] for name in finished} == finished, "a finished range was scored again"
        _step(line, "assemble", request, settings)  # its worker was lost before its answer arrived
        assert list((tmp_path / "out").rglob("*.part"))
        (line,) = _step(line, "assemble", request, settings)
        outcome = close_line(line, request, settings)
        assert not isinstance(open_line(arrival, request, settings), OpenLine), "scored a second time"
    assert (outcome.fate, outcome.rows) == ("scored", 330)
    assert not Path(line.folder).exists()
    (row,) = (row for row in entries(open_ledger(settings.ledger_url)) if row.state not in {"discovered", "stable"})
    assert (row.state, row.attempts) == ("published", 2)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(row.outputs) == sorted(map(str, files)), "what else lies there is left over"


def test_a_line_that_cannot_be_read_is_quarantined_as_ever(waiting):
    settings, request, arrival = waiting
    Path(arrival.path).write_bytes(b"no line" * 1000)
    (broken,) = split_lines(find_arrivals(request, settings), settings)[1]
    with worker_session(settings, request.outbox):
        line = open_line(broken, request, settings)
        assert isinstance(line, OpenLine)
        (line,) = _step(line, "plan", request, settings)
        assert next_steps([line], "range") == next_steps([line], "assemble") == []
        outcome = close_line(line, request, settings)
    assert outcome.fate == "quarantined"
    assert not Path(line.folder).exists()


@pytest.mark.slow
def test_a_line_of_a_bucket_is_scored_in_ranges_and_uploaded_whole(waiting, tmp_path):
    """The line is copied to the home once; outputs are those of a folder, and nothing is left in the home."""
    import fsspec

    settings, local_request, local_arrival = waiting
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/lines/in/line.sgy", Path(local_arrival.path).read_bytes())
    remote = {"inbox": "memory://lines/in", "outbox": "memory://lines/out"}
    try:
        request = local_request.model_copy(update=remote)
        outcomes = []
        for asked, home in ((local_request, "home"), (request, "home-2")):
            own = settings.model_copy(update={"home": tmp_path / home, "ledger_url": _ledger(tmp_path / home)})
            with worker_session(own, asked.outbox):
                (arrival,) = split_lines(find_arrivals(asked, own), own)[1]
                line = open_line(arrival, asked, own)
                assert isinstance(line, OpenLine)
                for step in ("plan", "range", "assemble"):
                    (line,) = _step(line, step, asked, own)
                outcomes.append(close_line(line, asked, own))
            assert not list((tmp_path / home / "arriving").glob("*"))
        assert [(outcome.fate, outcome.rows) for outcome in outcomes] == [("scored", 330)] * 2
        copies = [next((tmp_path / "out").rglob("*.sgy")).read_bytes()]
        copies += [memory.cat_file(name) for name in memory.find("/lines/out") if name.endswith(".sgy")]
        assert copies[0] == copies[1]
        assert sorted(name.removeprefix("memory://lines/out/") for name in outcomes[1].outputs) == sorted(
            path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
        )
    finally:
        memory.rm("/lines", recursive=True)


def _ledger(home: Path) -> Address:
    return Address(f"sqlite:///{home}/ledger.db")
