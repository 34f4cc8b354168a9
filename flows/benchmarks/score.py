"""Benchmark of scoring an inbox: cost of the flow above reading and scoring the same files."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Channel, Recording, Source
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from aemodels.io.readers import read
from aemodels.study import steps

FILES, SAMPLES = 1000, 400
MAX_OVERHEAD_MS = 30.0
CURVES = {"GR": (20.0, 130.0), "RHOB": (2.0, 2.7)}
SPEC: dict[str, Any] = {
    "name": "bench-logs",
    "kind": "logs",
    "curves": list(CURVES),
    "minimum_samples": 100,
    "default": "pca_wiener",
    "contenders": [{"name": "pca_wiener", "model": {"kind": "pca_wiener"}}],
    "test_conditions": [{"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}],
    "anomalies": {
        "faults": [{"kind": "spike"}],
        "detectors": [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}],
        "thresholds": [{"kind": "conformal"}],
    },
}


def drain_row(repeats: int = 1, files: int = FILES) -> dict[str, Any]:
    """Measure the time for an inbox of `files` small LAS files, and for reading and scoring them in one process.

    The row also has `overhead_ms`, the cost per file above bare scoring; the verdict is "met" if it is at most
    `MAX_OVERHEAD_MS`.

    Args:
        repeats: repetitions of each, in turns; medians are reported.
        files: LAS files of 400 samples and two curves.
    """
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        work = Path(folder)
        inbox, bundle = _inbox(work / "inbox", files), _bundle(work / "bundle")
        paths = sorted(inbox.glob("*.las"))
        (work / "nothing").mkdir()
        _drain(work, "nothing")  # starts Prefect's temporary server if none runs
        pairs = [(_seconds(lambda: _drain(work)), _seconds(lambda: _bare(paths, bundle))) for _ in range(repeats)]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = [alone / whole for whole, alone in pairs]
    overhead = 1000.0 * (ours - bare) / files
    return {
        "what": f"drain {files} LAS files ({overhead:.1f} ms per file above bare scoring)",
        "ours_s": ours,
        "other": "read + bundle.score, one process",
        "other_s": bare,
        "ratio": bare / ours,
        "low": min(ratios),
        "high": max(ratios),
        "overhead_ms": overhead,
        "required": None,
        "bound": None,
        "verdict": "met" if overhead <= MAX_OVERHEAD_MS else "missed",
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _drain(work: Path, inbox: str = "inbox") -> None:
    """Run the complete flow with its own outbox and ledger; Prefect is running already."""
    from flows.environment import prepare_environment, run_flow
    from tasks.settings import Settings

    home = Path(tempfile.mkdtemp(dir=work, prefix="home-"))
    settings = Settings(home=home)
    prepare_environment(settings)
    from flows.score import score
    from tasks.scoring.request import ScoreRequest

    request = ScoreRequest(inbox=str(work / inbox), outbox=str(home / "out"), bundle=str(work / "bundle"))
    before = os.environ.get("SONDEFLOW_HOME")
    os.environ["SONDEFLOW_HOME"] = str(home)
    try:
        summary = run_flow(score, settings, request=request)
    finally:
        os.environ.pop("SONDEFLOW_HOME")
        os.environ |= {"SONDEFLOW_HOME": before} if before is not None else {}
    if summary.scored != summary.files:
        raise AssertionError(f"{summary.scored} of {summary.files} files were scored")


def _bare(paths: list[Path], folder: Path) -> None:
    bundle = Bundle.load(folder)
    for path in paths:
        bundle.score(read(path))


def _inbox(folder: Path, files: int) -> Path:
    folder.mkdir()
    for number in range(files):
        path = folder / f"well-{number:04d}.las"
        write_las(_well(number), path)
        os.utime(path, (1e9, 1e9))  # old enough to be complete, so no settling time is measured
    return folder


def _bundle(folder: Path) -> Path:
    spec = ExperimentSpec.model_validate(SPEC)
    prepared = steps.prepare(spec, [_well(10_000 + number) for number in range(6)])
    fitted = {contender.name: steps.fit_contender(spec, contender.name, prepared) for contender in spec.contenders}
    found = compare_detectors(spec, prepared, {name: fit.denoiser for name, fit in fitted.items()})
    steps.assemble(spec, prepared, fitted, found).save(folder)
    return folder


def _well(seed: int) -> Recording:
    rng = np.random.default_rng(seed)
    facies = np.repeat(rng.random(SAMPLES), rng.integers(5, 40, SAMPLES))[:SAMPLES]
    rows = [low + (high - low) * (facies + rng.normal(0, 0.01, SAMPLES)) for low, high in CURVES.values()]
    return Recording(
        values=np.array(rows, dtype=np.float32),
        axis=1000.0 + 0.1524 * np.arange(SAMPLES, dtype=np.float64),
        channels=tuple(Channel(curve) for curve in CURVES),
        kind="logs",
        source=Source(f"well-{seed}.las", f"{seed:064x}"),
        name=f"well-{seed}",
    )
