"""The process that reads and scores files: jobs come in by lines on stdin, verdicts go out by lines on a pipe.

Started by `tasks.scoring.process_pool` as `python -m tasks.scoring.worker_process LEASH ANSWERS` with two inherited
file descriptors.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
from pathlib import Path

FIRST_VICTIM = 1000  # of the kernel, where memory runs out: rather this process than the one that supervises it


def main() -> None:
    """Serve jobs until stdin ends."""
    leash, answers = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(leash)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_VICTIM))
    # imported here, so that the leash holds before anything else happens
    from tasks.scoring.file import Job, score_job

    with os.fdopen(answers, "w", encoding="utf-8") as out:
        print("ready", file=out, flush=True)
        for line in sys.stdin:
            try:
                verdict = score_job(Job.model_validate_json(line))
            except MemoryError:
                os._exit(137)  # what the kernel's own killer would leave
            print(verdict.model_dump_json(), file=out, flush=True)


def die_with_parent(leash: int) -> None:
    """End this process as soon as the other end of a pipe is closed, even if Python is stuck in native code.

    Args:
        leash: the reading end; nothing is ever written to the other.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(leash, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)
    # for systems without that signal, and for a parent that had gone before
    threading.Thread(target=_wait_for_end, args=(leash,), daemon=True).start()


def _wait_for_end(leash: int) -> None:
    while True:
        try:
            os.read(leash, 1)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
