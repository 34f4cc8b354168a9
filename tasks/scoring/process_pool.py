"""Worker processes that score files under supervision; a file that crashes or stalls one does not affect the others."""

from __future__ import annotations

import itertools
import os
import select
import signal
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from tasks.scoring.canary import canary_job
from tasks.scoring.places.staged import remove_temporary_files
from tasks.scoring.request import Job, ScoringResult
from tasks.scoring.start_worker import SCORE, StartedWorker, start_worker

POLL_SECONDS = 0.1  # interval between checks of a worker's memory
STARTUP_SECONDS = 300.0
MAX_STARTS = 3
MEMORY_SHARE = 0.8


class WorkerStartError(SondeflowError):
    """A worker process did not start, which no file can have caused."""


class WorkerProcessError(SondeflowError):
    """A worker process died, or exceeded its time or memory limit.

    Args:
        code: "reader-crashed", "timed-out" or "out-of-memory".
        found: description of the failure.
    """

    def __init__(self, code: str, found: str) -> None:
        self.code, self.found = code, found
        super().__init__(found)


@dataclass(frozen=True)
class Limits:
    """Limits of a worker process: seconds per file, bytes of memory, processor cores; and attempts per file."""

    seconds: float
    memory: int
    cores: int
    tries: int


def limits_for(workers: int, *, seconds: float, memory_mb: int | None, tries: int) -> Limits:
    """Return the limits of each of `workers` processes; by default they share four fifths of the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory = memory_mb * 2**20 if memory_mb else int(MEMORY_SHARE * machine / workers)
    return Limits(seconds, memory, max(1, (os.cpu_count() or 1) // workers), tries)


class WorkerProcess:
    """A process that scores files one after the other, so that imports and loading a bundle are paid once."""

    def __init__(self, limits: Limits, started: StartedWorker | None = None, answer: str = SCORE) -> None:
        started = started or start_worker(limits.cores, answer)
        self._limits, self._process = limits, started.process
        self._parent_pipe, self._answers, self.scratch = started.parent_pipe, started.answers, started.scratch
        self._buffer = b""
        self._stopped = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def score(self, job: Job) -> ScoringResult:
        """Score one file.

        Raises:
            WorkerProcessError: if the process died or exceeded a limit.
        """
        return ScoringResult.model_validate_json(self.ask(job.model_dump_json()))

    def ask(self, line: str) -> bytes:
        """Return the result of a job, one line each.

        Raises:
            WorkerProcessError: if the process died or exceeded a limit.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._lost("reader-crashed", f"its process ended {self._ending()}") from error
        return self._line(time.monotonic() + self._limits.seconds)

    def stop(self) -> None:
        """Kill the process and close its pipes; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                self._process.stdin = None  # the unsent input was for a process that has ended
        for descriptor in (self._parent_pipe, self._answers):
            os.close(descriptor)
        self.scratch.remove()

    def await_ready(self) -> None:
        """Wait until the process has imported its libraries.

        Raises:
            WorkerStartError: if it ends before that.
        """
        try:
            self._line(time.monotonic() + STARTUP_SECONDS)
        except WorkerProcessError as error:
            raise WorkerStartError(
                f"a scoring process did not start: {error.found}; see what it wrote to stderr"
            ) from error

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if time.monotonic() > deadline:
                raise self._lost("timed-out", f"no result after {self._limits.seconds:g} s")
            if select.select([self._answers], [], [], POLL_SECONDS)[0]:
                block = os.read(self._answers, 2**20)
                if not block:
                    raise self._lost("reader-crashed", f"its process ended {self._ending()}")
                self._buffer += block
            elif _taken(self.pid) > self._limits.memory:
                raise self._lost("out-of-memory", f"its process took more than {self._limits.memory // 2**20} MiB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _ending(self) -> str:
        status = self._process.wait()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

    def _lost(self, code: str, found: str) -> WorkerProcessError:
        status = self._process.poll()
        return WorkerProcessError("out-of-memory" if status == 137 else code, found)


class ProcessPool:
    """Worker processes shared by the threads of this process.

    Args:
        limits: of each worker process.
        started: a process that was started early, the first to be used.
        answer: what the processes do, see `start_worker`.
    """

    def __init__(self, limits: Limits, started: StartedWorker | None = None, answer: str = SCORE) -> None:
        self._limits, self._answer = limits, answer
        self._started = started
        self._idle: list[WorkerProcess] = []
        self._lock = threading.Lock()

    def score_all(self, jobs: Sequence[Job]) -> Generator[tuple[Job, ScoringResult]]:
        """Score files one after the other in one process; a file that crashes it is retried in a process of its own.

        If a small good file fails as well, the result is "blocked": no file is at fault.
        """
        worker = self._acquire()
        try:
            for job in jobs:
                try:
                    result = worker.score(job)
                except WorkerProcessError as lost:
                    self._discard(worker, job)
                    result = self._retry_isolated(job, lost)
                    worker = self._acquire()
                yield job, result
        except BaseException:
            worker.stop()
            raise
        with self._lock:
            self._idle.append(worker)

    def ask(self, line: str) -> bytes:
        """Return the result of a job, one line each; a process that is lost is replaced.

        Raises:
            WorkerProcessError: if the process died or exceeded a limit.
        """
        worker = self._acquire()
        try:
            result = worker.ask(line)
        except BaseException:
            worker.stop()
            raise
        with self._lock:
            self._idle.append(worker)
        return result

    def shutdown(self) -> None:
        """Stop the idle processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def _retry_isolated(self, job: Job, lost: WorkerProcessError) -> ScoringResult:
        for _ in range(self._limits.tries - 1):
            worker = self._start()
            try:
                result = worker.score(job)
            except WorkerProcessError as error:
                self._discard(worker, job)
                lost = error
                continue
            except BaseException:
                worker.stop()
                raise
            worker.stop()
            return result
        if fault := self._canary_fault(job):
            return ScoringResult(status="blocked", text=f"{lost.found}; {fault}")
        remedy = f"read it with `sondeflow check`; tried {self._limits.tries} times, each time in a new process"
        finding = Finding("error", lost.code, "file", lost.found, "a file that can be read and scored", remedy)
        return ScoringResult(status="crashed", findings=(finding,))

    def _canary_fault(self, job: Job) -> str:
        """Return why a small good file cannot be scored either; "" if it can."""
        worker = self._start()
        try:
            worker.score(canary_job(job, worker.scratch.folder / "canary"))
        except (WorkerProcessError, OSError) as error:
            return (
                f"a small good file does not get further: {error}; expected enough memory, time and disk space; "
                "see SONDEFLOW_MEMORY_MB, SONDEFLOW_FILE_SECONDS and the machine; no file is at fault"
            )
        finally:
            worker.stop()
        return ""

    def _acquire(self) -> WorkerProcess:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._start()

    def _start(self) -> WorkerProcess:
        """Start a process and wait until it is ready; one that is killed during its start is started again."""
        for attempt in itertools.count(1):
            with self._lock:
                early, self._started = self._started, None
            worker = WorkerProcess(self._limits, early, self._answer)
            try:
                worker.await_ready()
            except WorkerStartError:
                worker.stop()
                if attempt == MAX_STARTS:
                    raise
            except BaseException:
                worker.stop()
                raise
            else:
                break
        return worker

    @staticmethod
    def _discard(worker: WorkerProcess, job: Job) -> None:
        """Stop a process and remove its unfinished outputs."""
        worker.stop()
        if job.temp_prefix:
            remove_temporary_files(Path(job.outbox), job.temp_prefix)


def _taken(pid: int) -> int:
    """Return the memory that a process and those that it started have taken, in bytes; 0 if unknown.

    Pages of files that are mapped do not count: the system takes them back when it needs them.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        children = [
            child for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
        ]
    except OSError:
        return 0
    own = sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
    return 1024 * own + sum(_taken(int(child)) for child in children)
