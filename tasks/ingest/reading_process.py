"""Reading of files in a supervised process, with limits of time and memory: each file has its own outcome."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from aemodels.core.errors import MachineFaultError
from aemodels.core.findings import Finding
from tasks.scoring.process_pool import ProcessPool, WorkerProcessError, limits_for
from tasks.scoring.start_worker import StartedWorker
from tasks.settings import Settings

Row: TypeAlias = dict[str, Any]
Ask: TypeAlias = Callable[[Mapping[str, Any]], list[Row]]


@contextmanager
def reading_process(answer: str, settings: Settings, started: StartedWorker | None = None) -> Iterator[Ask]:
    """Provide a function that reads the file of a job; the process ends with the block.

    A file that crashes the process or exceeds a limit gets one row with its path and the finding; the next file gets a
    new process.

    Args:
        answer: `module:function` that returns the rows of a job, by `answer_of`.
        settings: limits of time and memory.
        started: a process that was started early.

    Raises:
        MachineFaultError: from the function, if the machine is at fault and no file.
    """
    limits = limits_for(settings.workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=1)
    pool = ProcessPool(limits, started, answer)

    def ask(job: Mapping[str, Any]) -> list[Row]:
        try:
            reply = json.loads(pool.ask(json.dumps(job)))
        except WorkerProcessError as lost:
            return [{"path": job["path"], "findings": [_lost(lost).to_dict()]}]
        if "machine" in reply:
            raise MachineFaultError(reply["machine"])
        return list(reply["rows"])

    try:
        yield ask
    finally:
        pool.shutdown()


def answer_of(rows: Callable[[], list[Row]], failed: Callable[[Finding], list[Row]]) -> str:
    """Return the answer of a reading process as one line: its rows, or a fault of the machine.

    Args:
        rows: reads the file.
        failed: returns the rows of a file with an unexpected error.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    try:
        return json.dumps({"rows": rows()})
    except MachineFaultError as error:
        return json.dumps({"machine": str(error)})
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - an unexpected failure of one file must not affect the others
        last = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"[:1000]
        remedy = "report this error with the file"
        return json.dumps(
            {"rows": failed(Finding("error", "failed", "file", found, "a file that can be read", remedy))}
        )


def _lost(lost: WorkerProcessError) -> Finding:
    remedy = "get the file again; if it is good, raise SONDEFLOW_FILE_SECONDS or SONDEFLOW_MEMORY_MB"
    return Finding("error", lost.code, "file", lost.found, "a file that can be read", remedy)
