"""Child processes that score, watched from outside: a file that kills or stalls one takes nothing else with it."""

from __future__ import annotations

import itertools
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from tasks.scoring.file import Job, Verdict
from tasks.scoring.outbox import sweep

LOOK_EVERY = 0.1  # seconds between two looks at a child's memory
STARTUP_SECONDS = 300.0
STARTS = 3
SHARE_OF_MEMORY = 0.8


class WorkerError(SondeflowError):
    """A child process that does not even start: nothing that a file could be blamed for."""


class ChildLostError(SondeflowError):
    """The child died, overran or outgrew its limit.

    Args:
        code: "reader-crashed", "timed-out" or "out-of-memory".
        found: what was seen of it.
    """

    def __init__(self, code: str, found: str) -> None:
        self.code, self.found = code, found
        super().__init__(found)


@dataclass(frozen=True)
class Limits:
    """What a child may take: seconds for one file, bytes of memory, processor cores; and how often a file is tried."""

    seconds: float
    memory: int
    cores: int
    tries: int


def limits_for(workers: int, *, seconds: float, memory_mb: int | None, tries: int) -> Limits:
    """Limits of each of `workers` children; without `memory_mb` they share four fifths of the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory = memory_mb * 2**20 if memory_mb else int(SHARE_OF_MEMORY * machine / workers)
    return Limits(seconds, memory, max(1, (os.cpu_count() or 1) // workers), tries)


class Child:
    """One process that scores one file after another; importing and loading is paid once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        leash, self._leash = os.pipe()
        self._answers, answers = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "tasks.scoring.worker_process", str(leash), str(answers)],
                stdin=subprocess.PIPE,
                stdout=2,
                pass_fds=(leash, answers),
                env=_environment(limits),
                text=True,
                encoding="utf-8",
            )
        finally:
            os.close(leash)
            os.close(answers)
        self._buffer = b""
        self._stopped = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def score(self, job: Job) -> Verdict:
        """Have one file scored.

        Raises:
            ChildLostError: if the child did not survive it.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.model_dump_json() + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._lost("reader-crashed", f"its process ended {self._ending()}") from error
        return Verdict.model_validate_json(self._line(time.monotonic() + self._limits.seconds))

    def stop(self) -> None:
        """End the process and give back what it held; a second time does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                self._process.stdin = None  # what had been written was for a process that is gone
        for descriptor in (self._leash, self._answers):
            os.close(descriptor)

    def await_ready(self) -> None:
        """Until it has imported what it needs.

        Raises:
            WorkerError: if it ends before.
        """
        try:
            self._line(time.monotonic() + STARTUP_SECONDS)
        except ChildLostError as error:
            raise WorkerError(f"a scoring process did not start: {error.found}; see what it wrote to stderr") from error

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if time.monotonic() > deadline:
                raise self._lost("timed-out", f"no result after {self._limits.seconds:g} s")
            if select.select([self._answers], [], [], LOOK_EVERY)[0]:
                block = os.read(self._answers, 2**20)
                if not block:
                    raise self._lost("reader-crashed", f"its process ended {self._ending()}")
                self._buffer += block
            elif _resident(self.pid) > self._limits.memory:
                raise self._lost("out-of-memory", f"its process took more than {self._limits.memory // 2**20} MiB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _ending(self) -> str:
        status = self._process.wait()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

    def _lost(self, code: str, found: str) -> ChildLostError:
        status = self._process.poll()
        return ChildLostError("out-of-memory" if status == 137 else code, found)


class Crew:
    """Children that wait for work, shared by the threads of one process.

    Args:
        limits: of each child.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def score_all(self, jobs: Sequence[Job]) -> Generator[tuple[Job, Verdict]]:
        """Score files one after the other in one child; a file that costs it its life is tried again alone."""
        child = self._borrow()
        try:
            for job in jobs:
                try:
                    verdict = child.score(job)
                except ChildLostError as lost:
                    self._bury(child, job)
                    verdict = self._try_alone(job, lost)
                    child = self._borrow()
                yield job, verdict
        except BaseException:
            child.stop()
            raise
        with self._lock:
            self._idle.append(child)

    def dismiss(self) -> None:
        """Stop the children that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.stop()

    def _try_alone(self, job: Job, lost: ChildLostError) -> Verdict:
        for _ in range(self._limits.tries - 1):
            child = self._start()
            try:
                verdict = child.score(job)
            except ChildLostError as error:
                self._bury(child, job)
                lost = error
                continue
            except BaseException:
                child.stop()
                raise
            child.stop()
            return verdict
        remedy = f"read it with `sondeflow check`; tried {self._limits.tries} times, each alone in a new process"
        finding = Finding("error", lost.code, "file", lost.found, "a file that can be read and scored", remedy)
        return Verdict(end="killer", findings=(finding,))

    def _borrow(self) -> Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._start()

    def _start(self) -> Child:
        """A new child that is ready; one that somebody ends while it starts is started again."""
        for attempt in itertools.count(1):
            child = Child(self._limits)
            try:
                child.await_ready()
            except WorkerError:
                child.stop()
                if attempt == STARTS:
                    raise
            except BaseException:
                child.stop()
                raise
            else:
                break
        return child

    @staticmethod
    def _bury(child: Child, job: Job) -> None:
        """End a child and take away what it had begun to write."""
        child.stop()
        if job.mark:
            sweep(Path(job.outbox), job.mark)


def _environment(limits: Limits) -> dict[str, str]:
    """The child finds this very code, and its networks take only their share of the cores."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != root)]
    shares = {name: str(limits.cores) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
    fixed = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**shares, "TF_NUM_INTEROP_THREADS": "1", **os.environ, **fixed, "MPLBACKEND": "Agg"}


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
