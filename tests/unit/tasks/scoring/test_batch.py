"""A batch that is stopped: what it has staged and not published is removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.ledger import Claim
from tasks.ledger.claims import Key
from tasks.scoring.batch import ScoringTask, _score_tasks
from tasks.scoring.places.staged import Staged
from tasks.scoring.request import Job, ScoringResult


def task(folder: Path, row: int) -> ScoringTask:
    job = Job(path="a.las", source="a.las", sha256=str(row), scorer=None, outbox=str(folder), temp_prefix=f"w-{row}")
    return ScoringTask(Claim(row, "token", Key(str(row), "model", "1")), job)


def staged(folder: Path, row: int) -> Staged:
    path = folder / f".w-{row}.las.part"
    path.write_text("complete, under its temporary name")
    return Staged(str(path), str(folder / f"{row}.las"), "0" * 64)


@pytest.mark.parametrize("ending", ["another batch cannot publish", "the ledger is gone"])
def test_what_is_staged_when_a_batch_stops_is_removed(tmp_path, ending):
    tasks = [task(tmp_path, row) for row in (1, 2, 3)]

    def score_all(jobs: list[Job]) -> Iterator[tuple[Job, ScoringResult]]:
        for row, job in enumerate(jobs, start=1):
            yield job, ScoringResult(status="scored", staged=(staged(tmp_path, row),))
            if row == 1 and ending == "another batch cannot publish":
                session.blocked = "OSError: no space left on device"
            elif row == 2:
                raise ConnectionError("the ledger is gone")

    session = SimpleNamespace(blocked="", pool=SimpleNamespace(score_all=score_all))
    finished = []
    if ending == "the ledger is gone":
        with pytest.raises(ConnectionError):
            finished += _score_tasks(session, tasks)
    else:
        finished += _score_tasks(session, tasks)
    assert finished == []
    assert list(tmp_path.iterdir()) == []
