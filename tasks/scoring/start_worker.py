"""Start of a worker process, without the libraries that scoring needs: the process loads them while its parent does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tasks.storage.scratch import Scratch, new_scratch

SCORE = "tasks.scoring.file:answer"
_KEPT = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
_KEPT_PREFIXES = ("LC_", "PYTHON", "OMP_", "MKL_", "OPENBLAS_", "TF_", "KERAS_", "JAX_", "XLA_", "CUDA_", "COVERAGE_")
# For glibc: what arrays of up to 7 MB leave behind is kept for the next ones. By default their memory goes back to
# the system and is fetched again, page by page, which takes a tenth of the time of scoring.
FREED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(7 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20)}


@dataclass(frozen=True, eq=False)
class StartedWorker:
    """A worker process that has been started; it ends with this process.

    Args:
        process: with a pipe on its stdin, for jobs.
        parent_pipe: descriptor whose closing ends the process.
        answers: descriptor from which its results are read.
        scratch: folder of its temporary files.
    """

    process: subprocess.Popen[str]
    parent_pipe: int
    answers: int
    scratch: Scratch


def start_worker(cores: int, answer: str = SCORE) -> StartedWorker:
    """Start a worker process.

    Args:
        cores: processor cores that it uses.
        answer: `module:function` that returns the result of a job; both are lines of text.
    """
    scratch = new_scratch()
    parent_end, parent_pipe = os.pipe()
    answers, answers_end = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "tasks.scoring.worker_process", str(parent_end), str(answers_end), answer],
            stdin=subprocess.PIPE,
            stdout=2,
            pass_fds=(parent_end, answers_end),
            env=_environment(cores, scratch.folder),
            text=True,
            encoding="utf-8",
        )
    finally:
        os.close(parent_end)
        os.close(answers_end)
    return StartedWorker(process, parent_pipe, answers, scratch)


def _environment(cores: int, scratch: Path) -> dict[str, str]:
    """Return the environment of a worker process: this code on its path, its share of the cores, and no secrets.

    It reads files of strangers, so it gets neither settings nor passwords: only names that are known to be harmless.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != root)]
    shares = {name: str(cores) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
    shares |= FREED_MEMORY
    fixed = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return {**shares, "TF_NUM_INTEROP_THREADS": "1", **kept, **fixed, "MPLBACKEND": "Agg", "TMPDIR": str(scratch)}
