"""Benchmarks of whole processes: how long the first score takes, and how much memory a long line needs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.types import Channel, Recording, Source
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from flows.benchmarks.bundle import written
from flows.benchmarks.throughput import verdict
from tasks.scoring.start_worker import FREED_MEMORY

START_SECONDS, START_BOUND = 3.0, 9.0  # from the command to the first scored file, less the scoring itself
MEMORY_RATIO, MEMORY_BOUND = 1.2, 1.3  # of the longer line over the shorter one
MAX_MEMORY_MB = 1500.0
LINE_MB = (250, 2000)
SAMPLES, DEPTHS = 1500, 5000


def start_row(repeats: int = 3) -> dict[str, Any]:
    """Return the row of the seconds that `sondeflow score` of one well takes before and after the scoring itself.

    Wall time, as a person waits for it; `ours_s` is the median, compared with START_SECONDS.
    """
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        path = Path(folder) / "well.las"
        write_las(_well(), path)
        waits = []
        for turn in range(repeats):
            started = time.perf_counter()
            command = [sys.executable, "-m", "flows", "score", str(path), "--out", f"{folder}/{turn}", "--json"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
            passed = time.perf_counter() - started
            waits.append(passed - json.loads(done.stdout)["outcomes"][0]["seconds"])
    wait = float(np.median(waits))
    ratios = [START_SECONDS / each for each in waits]
    return {
        "what": "start of `sondeflow score` with one well",
        "ours_s": wait,
        "other": "seconds allowed",
        "other_s": START_SECONDS,
        "ratio": START_SECONDS / wait,
        "low": min(ratios),
        "high": max(ratios),
        "required": 1.0,
        "verdict": verdict(START_SECONDS / wait, 1.0),
        "bound": START_SECONDS / START_BOUND,
    }


def memory_row(megabytes: tuple[int, int] = LINE_MB) -> dict[str, Any]:
    """Return the row of the peak memory of scoring a long line, beside that of a shorter one, in MB.

    Each line is scored by a new process with the shipped bundle, from reading to the denoised copy.
    """
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        small, large = (_peak_of(Path(folder), size) for size in megabytes)
    return judged_memory(megabytes, small, large)


def judged_memory(megabytes: tuple[int, int], small: float, large: float) -> dict[str, Any]:
    """Return the row of two peaks, in MB; met if the larger is at most MEMORY_RATIO of the smaller, and MAX_MEMORY_MB.

    Args:
        megabytes: sizes of the lines.
        small: peak memory with the shorter line.
        large: peak memory with the longer one.
    """
    ratio = small / large
    required = max(1 / MEMORY_RATIO, ratio * large / MAX_MEMORY_MB)
    return {
        "what": f"peak memory with a line of {megabytes[1]} MB",
        "ours_mb": large,
        "other": f"with a line of {megabytes[0]} MB",
        "other_mb": small,
        "ratio": ratio,
        "low": ratio,
        "high": ratio,
        "required": required,
        "verdict": verdict(ratio, required),
        "bound": 1 / MEMORY_BOUND,
    }


def _peak_of(folder: Path, megabytes: int) -> float:
    """Return the peak memory [MB] of a process that scores a generated line."""
    path = folder / f"line-{megabytes}.sgy"
    write_line(path, megabytes)
    command = [sys.executable, "-m", __name__, str(path), str(folder)]
    environment = os.environ | FREED_MEMORY
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own module
    path.unlink()
    return float(json.loads(done.stdout.splitlines()[-1]))


def write_line(path: Path, megabytes: int) -> None:
    """Write a line of dipping events and noise of about `megabytes` MB; 2 GB are never in memory at once."""
    traces = max(round(megabytes * 1e6 / (4 * SAMPLES + 240)), 50)
    first = min(traces, 4000)
    write_segy(_line(first), path)
    piece = path.read_bytes()[3600:]
    with path.open("ab") as file:
        for start in range(first, traces, first):
            file.write(piece[: (traces - start) * (4 * SAMPLES + 240)])


def _line(traces: int) -> Recording:
    rng = np.random.default_rng(20)
    time_axis: NDArray[np.float64] = np.arange(SAMPLES) * np.float64(0.004)
    late = time_axis[None, :] - 0.0005 * np.arange(traces)[:, None]
    values = np.sin(2 * np.pi * 25 * late) * np.sin(2 * np.pi * 1.7 * late) + 0.1 * rng.normal(size=late.shape)
    channels = tuple(Channel(f"trace {row}", "amplitude", {"trace": row}) for row in range(traces))
    return Recording(values.astype(np.float32), time_axis, channels, "seismic", Source("bench", "0" * 64), "line")


def _well() -> Recording:
    rng = np.random.default_rng(20)
    channels = (Channel("GR", "gAPI"), Channel("RHOB", "g/cm3"), Channel("NPHI", "v/v"))
    smooth = rng.normal(size=(3, DEPTHS)).cumsum(axis=1) / 50
    values = np.array([[70.0], [2.4], [0.2]]) + np.array([[10.0], [0.05], [0.02]]) * smooth
    axis: NDArray[np.float64] = 1000 + np.arange(DEPTHS) * np.float64(0.1524)
    return Recording(values.astype(np.float32), axis, channels, "logs", Source("bench", "0" * 64), "well")


def main() -> None:
    """Score a line and print the peak memory in MB: python -m flows.benchmarks.process LINE WORK."""
    path, work = Path(sys.argv[1]), Path(sys.argv[2])
    written(shipped_bundle("seismic-v1").folder, path, work)()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


if __name__ == "__main__":
    main()
