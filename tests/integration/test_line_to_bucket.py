"""A large line into a bucket: workers store their ranges there, the store joins them, and a second run goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.segy.reader import read_segy
from aemodels.io.segy.writer import write_segy
from helpers.cheap_bundle import cheap_line_bundle
from helpers.recordings import make_line
from helpers.s3_server import S3Server, s3_server
from tasks.lines.large_line import OpenLine, advance, close_line, do_step, next_steps, open_line, split_lines
from tasks.maintenance.caches import checkpoints
from tasks.maintenance.removal import Step
from tasks.scoring.inbox import find_arrivals, score_inbox
from tasks.scoring.request import FilledRequest, ScoreRequest
from tasks.scoring.worker_session import worker_session
from tasks.settings import Settings

pytestmark = pytest.mark.slow

OUTBOX = "s3://lines/out"
TRACES, SAMPLES, RANGES = 2950, 1500, 3


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with s3_server("lines") as server:
        yield server


@pytest.fixture(scope="module")
def inbox(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    cheap_line_bundle().save(folder / "bundle")
    (folder / "inbox").mkdir()
    write_segy(make_line(traces=TRACES, samples=SAMPLES, seed=9), folder / "inbox" / "line.sgy")
    return folder / "inbox"


def _request(inbox: Path, home: Path, outbox: str, **options: int) -> tuple[Settings, FilledRequest]:
    settings = Settings(home=home, **options)
    bundle = str(inbox.parent / "bundle")
    return settings, ScoreRequest(inbox=str(inbox), outbox=outbox, bundle=bundle, settle_seconds=0).filled(settings)


def _open(settings: Settings, request: FilledRequest) -> OpenLine:
    (arrival,) = split_lines(find_arrivals(request, settings), settings)[1]
    line = open_line(arrival, request, settings)
    assert isinstance(line, OpenLine)
    return line


def _step(line, step, request, settings, numbers=range(RANGES)) -> OpenLine:
    steps = [item for item in next_steps([line], step) if item.number in numbers]
    return advance([line], steps, [do_step(item, request, settings) for item in steps])[0]


def test_ranges_are_stored_by_their_workers_and_joined_by_the_store(inbox, store, tmp_path):
    settings, request = _request(inbox, tmp_path / "home", OUTBOX, max_whole_bytes=1000, range_traces=1000)
    with worker_session(settings, OUTBOX):  # this run ends in the middle
        line = _step(_open(settings, request), "plan", request, settings)
        line = _step(line, "range", request, settings, numbers=(0, 2))
    stored = store.files(f"{OUTBOX}/ranges/{Path(line.folder).name}")
    assert sorted(stored) == ["000000.traces", "000002.traces"]
    assert all(stored[name] == (Path(line.folder) / name).read_bytes() for name in stored)

    size = (inbox / "line.sgy").stat().st_size
    with worker_session(settings, OUTBOX):
        line = _step(_open(settings, request), "plan", request, settings)
        store.received = 0
        line = _step(line, "range", request, settings)
        assert store.received == pytest.approx(size / RANGES, rel=0.15), "of three ranges, one was missing"
        store.received = 0
        store.requests.clear()
        line = _step(line, "assemble", request, settings)
        outcome = close_line(line, request, settings)
    assert (outcome.fate, outcome.rows) == ("scored", TRACES)
    assert store.requests["COPY"] == RANGES - 1
    assert store.received < 0.6 * size, "the first range goes with the header; the others are not sent again"
    there = store.files(OUTBOX)
    assert sorted(name.partition("/")[0] for name in there) == ["reports", "scores", "segy"], "nothing is left over"
    assert not store.system.call_s3("list_multipart_uploads", Bucket="lines").get("Uploads")
    assert list((tmp_path / "home" / "ranges").iterdir()) == []

    whole, asked = _request(inbox, tmp_path / "other", str(tmp_path / "out"))
    assert score_inbox(asked, whole).scored == 1
    (tmp_path / "joined.sgy").write_bytes(next(data for name, data in there.items() if name.endswith(".sgy")))
    copies = [read_segy(path).values for path in (next((tmp_path / "out").rglob("*.sgy")), tmp_path / "joined.sgy")]
    np.testing.assert_allclose(copies[1], copies[0], rtol=1e-5, atol=1e-5)


def test_a_store_that_is_away_costs_no_range(inbox, store, tmp_path):
    outbox = f"{OUTBOX}-2"
    settings, request = _request(inbox, tmp_path / "home", outbox, max_whole_bytes=1000, range_traces=1000)
    with worker_session(settings, outbox):
        line = _step(_open(settings, request), "plan", request, settings)
        store.refused = lambda *_: (403, b"<Error><Code>AccessDenied</Code></Error>")
        line = _step(line, "range", request, settings)
        store.refused = lambda *_: None
        store.requests.clear()
        line = _step(line, "assemble", request, settings)
        outcome = close_line(line, request, settings)
    assert outcome.fate == "scored"
    assert store.requests["COPY"] == 0
    assert len(store.files(outbox)) == RANGES


def test_what_was_stored_for_a_line_that_nobody_continued_is_removed_with_its_ranges(inbox, store, tmp_path):
    outbox = f"{OUTBOX}-3"
    settings, request = _request(inbox, tmp_path / "home", outbox, max_whole_bytes=1000, range_traces=1000)
    with worker_session(settings, outbox):
        line = _step(_open(settings, request), "plan", request, settings)
        line = _step(line, "range", request, settings, numbers=(1,))
    assert len(store.files(outbox)) == 1
    later = time.time() + 2 * 86_400 * settings.keep_checkpoints_days
    checkpoints(Step(settings, dry_run=True, now=later))
    assert Path(line.folder).exists()
    checkpoints(Step(settings, dry_run=False, now=later))
    assert not Path(line.folder).exists()
    assert store.files(outbox) == {}
