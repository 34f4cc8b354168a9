"""Benchmarks of a trained bundle: beside the bare forward passes of its networks, and beside a naive pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import components_of
from aemodels.core.types import Recording
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import kind_of
from aemodels.io.readers import read
from flows.benchmarks.throughput import Pair, measure, verdict
from tasks.scoring.file import score_job
from tasks.scoring.request import Job, Scorer
from tasks.scoring.start_worker import FREED_MEMORY

# Required ratios on one core, and bounds: two thirds of what was measured in docs/lab/2026-11-speed.md. Wells take at
# most three times the networks' own arithmetic, lines twice.
WELL_PASSES, WELL_PASSES_BOUND = 1 / 3, 0.19
LINE_PASSES, LINE_PASSES_BOUND = 1 / 2, 0.23
LASIO_READING, LASIO_READING_BOUND = 1 / 1.6, 0.41
NAIVE, NAIVE_BOUND = 1.5, 1.0
MB_PER_SECOND, MB_PER_SECOND_BOUND = 2.5, 0.4
NAIVE_WINDOW, NAIVE_STRIDE = 100, 25  # of the published dense autoencoder


@contextmanager
def one_core() -> Iterator[None]:
    """Let processes that are started within see one core, where the system can: they start one thread per pool."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def benchmark_bundle(folder: Path, path: Path, repeats: int) -> list[dict[str, Any]]:
    """Return one row per pair, as of `flows.benchmarks.throughput.benchmark`, measured by a process on one core.

    For a line, a last row compares with the required megabytes per second.

    Args:
        folder: of the bundle.
        path: a well (LAS) or a line (SEG-Y), of the bundle's kind.
        repeats: repetitions of each, in turns.
    """
    command = [sys.executable, "-m", __name__, str(folder), str(path), str(repeats)]
    with one_core(), tempfile.TemporaryDirectory() as elsewhere:
        target = Path(elsewhere) / "rows.json"
        subprocess.run([*command, str(target)], check=True, env=os.environ | FREED_MEMORY)  # noqa: S603 - this interpreter, this module
        rows: list[dict[str, Any]] = json.loads(target.read_text())
    return rows


def measured_rows(folder: Path, path: Path, repeats: int) -> list[dict[str, Any]]:
    """Return the rows of `benchmark_bundle`, measured in this process."""
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as work:
        rows = [measure(pair, repeats) for pair in bundle_pairs(folder, path, Path(work))]
    if rows[0]["required"] == LINE_PASSES:
        megabytes, mine = path.stat().st_size / 1e6, rows[0]["ours_s"]
        allowed = megabytes / MB_PER_SECOND
        rows.append(
            rows[0]
            | {"what": f"{megabytes / mine:.2f} MB of SEG-Y per second", "other": f"{MB_PER_SECOND} MB per second"}
            | {"other_s": allowed, "ratio": allowed / mine, "low": allowed / mine, "high": allowed / mine}
            | {"required": 1.0, "verdict": verdict(allowed / mine, 1.0), "bound": MB_PER_SECOND_BOUND / MB_PER_SECOND}
        )
    return rows


def bundle_pairs(folder: Path, path: Path, work: Path) -> Iterator[Pair]:
    """Yield the pairs that measure a bundle on one file.

    Args:
        folder: of the bundle.
        path: a well (LAS) or a line (SEG-Y), of the bundle's kind.
        work: folder for what is written.
    """
    bundle, recording = Bundle.load(folder), read(path)
    megabytes = path.stat().st_size / 1e6
    passes = forward_passes(bundle, recording)
    if bundle.kind == "logs":
        depths = recording.axis.size
        scoring = Pair(
            f"score {depths} depths", lambda: bundle.score(recording), "its networks alone", passes, equal=False
        )
        yield replace(scoring, required=WELL_PASSES, bound=WELL_PASSES_BOUND)
        reading = naive_reading(path)
        yield replace(scoring, other="lasio.read", theirs=reading, required=LASIO_READING, bound=LASIO_READING_BOUND)
        naive = naive_pipeline(path, work / "naive.csv")
        whole = Pair("LAS to parquet, LAS, report", written(folder, path, work), "lasio, windows, predict, CSV", naive)
        yield replace(whole, required=NAIVE, bound=NAIVE_BOUND, equal=False)
        return
    raw = raw_reading(path)
    yield Pair(
        f"read and score {megabytes:.1f} MB of SEG-Y",
        lambda: bundle.score(read(path)),
        "segyio and its networks alone",
        lambda: (raw(), passes()),
        required=LINE_PASSES,
        bound=LINE_PASSES_BOUND,
        equal=False,
    )


def forward_passes(bundle: Bundle, recording: Recording) -> Callable[[], object]:
    """Return a call of each network of a bundle, once, over as many samples as the recording has."""
    rng = np.random.default_rng(0)
    calls = []
    for network, cache, reach, step in whole_networks(bundle):
        shape = network.inputs[0].shape
        size = recording.values.shape[::-1] if len(shape) == 4 else (recording.axis.size,)
        inputs = rng.normal(size=(*size, shape[-1])).astype(np.float32)
        calls.append((network, inputs, cache, reach, step))

    def run() -> None:
        from aemodels.denoisers.networks.inference import predict_whole

        for network, inputs, cache, reach, step in calls:
            predict_whole(network, inputs, cache, reach=reach, step=step)

    return run


def whole_networks(bundle: Bundle) -> list[tuple[Any, dict[str, Any], int, int]]:
    """Return the networks of a bundle that take whole signals: each with its cache, reach and step."""
    from aemodels.denoisers.networks.denoiser import NetworkDenoiser
    from aemodels.detect.fault_network.detector import FaultNetworkDetector

    found = []
    every = (*components_of(bundle.denoiser), *components_of(bundle.detector))
    parts = {id(part): part for part in every}  # a detector may use the denoiser
    for part in parts.values():
        if isinstance(part, NetworkDenoiser) and part.spec.reach is not None:
            cache, reach = part.whole_network(), part.spec.reach
            found.append((cache["network"], cache, reach.positions, reach.step))
        elif isinstance(part, FaultNetworkDetector):
            body = part.spec.body()
            found += [(*part.network(member), body.reach, body.step) for member in range(len(part.networks))]
    return found


def naive_reading(path: Path) -> Callable[[], object]:
    """Return a call of lasio on a file."""
    import lasio

    return lambda: lasio.read(str(path), ignore_header_errors=True).data


def naive_pipeline(path: Path, target: Path) -> Callable[[], object]:
    """Return the pipeline that one would write first: lasio, windows in a loop, a dense autoencoder, CSV."""
    import lasio

    from aemodels.denoisers.networks.dense import Dense

    network = Dense().build(1)

    def run() -> None:
        log = lasio.read(str(path), ignore_header_errors=True)
        table = log.df()
        for name in list(table.columns)[:5]:
            curve = table[name].interpolate(limit_direction="both").fillna(0.0).to_numpy(dtype=np.float32)
            starts = range(0, max(len(curve) - NAIVE_WINDOW, 0) + 1, NAIVE_STRIDE)
            windows = np.stack([curve[start : start + NAIVE_WINDOW] for start in starts])[..., None]
            rebuilt = network.predict(windows, batch_size=32, verbose=0)
            total, weight = np.zeros(len(curve)), np.zeros(len(curve))
            for start, window in zip(starts, rebuilt, strict=True):
                total[start : start + NAIVE_WINDOW] += window[:, 0]
                weight[start : start + NAIVE_WINDOW] += 1
            table[f"{name}_DN"] = total / np.maximum(weight, 1)
        table.to_csv(target)

    return run


def raw_reading(path: Path) -> Callable[[], object]:
    """Return a call that reads all samples of a line with segyio."""
    import segyio

    def run() -> object:
        with segyio.open(str(path), ignore_geometry=True) as line:
            return line.trace.raw[:]

    return run


def written(folder: Path, path: Path, work: Path) -> Callable[[], object]:
    """Return a call that scores a file as the scheduled flow does: parquet, scored copy and report."""
    sha256, kind = sha256_file(path), kind_of(path) or ""
    scorer = Scorer(folder=str(folder), kind=kind, name=f"sondeflow-{kind}", version="bench")

    def run() -> object:
        with tempfile.TemporaryDirectory(dir=work) as outbox:
            found = score_job(Job(path=str(path), source=path.name, sha256=sha256, scorer=scorer, outbox=outbox))
        if found.status != "scored":
            raise AssertionError(f"{path} was {found.status}: {found.text or found.findings}")
        return found

    return run


if __name__ == "__main__":
    bundle_folder, file, turns, rows_file = sys.argv[1:]
    Path(rows_file).write_text(json.dumps(measured_rows(Path(bundle_folder), Path(file), int(turns))))
