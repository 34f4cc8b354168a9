"""Process that reads or scores files; jobs are lines on stdin, results are lines on a pipe.

Started as `python -m tasks.scoring.worker_process PARENT_PIPE ANSWERS MODULE:FUNCTION` with two inherited file
descriptors; the function takes a line and returns one.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import signal
import sys
import threading
from pathlib import Path

OOM_SCORE_ADJ = 1000  # when memory runs out, the kernel kills this process rather than its supervisor


def main() -> None:
    """Serve jobs until stdin ends."""
    parent_pipe, answers = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent_pipe)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_ADJ))
    # imported here, so that the process dies with its parent from the start
    module, _, function = sys.argv[3].partition(":")
    answer = getattr(importlib.import_module(module), function)

    with os.fdopen(answers, "w", encoding="utf-8") as out:
        print("ready", file=out, flush=True)
        for line in sys.stdin:
            try:
                text = answer(line)
            except MemoryError:
                os._exit(137)  # exit status of a process killed for memory
            print(text, file=out, flush=True)


def die_with_parent(parent_pipe: int) -> None:
    """End this process as soon as the other end of a pipe is closed, even if Python is stuck in native code.

    Args:
        parent_pipe: reading end of a pipe that the parent keeps open and never writes to.
    """
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(parent_pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent_pipe, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(parent_pipe, fcntl.F_SETFL, fcntl.fcntl(parent_pipe, fcntl.F_GETFL) | os.O_ASYNC)
    # for systems without that signal, and for a parent that has ended already
    threading.Thread(target=_wait_for_end, args=(parent_pipe,), daemon=True).start()


def _wait_for_end(parent_pipe: int) -> None:
    while True:
        try:
            os.read(parent_pipe, 1)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
