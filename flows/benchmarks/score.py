"""The benchmark of draining an inbox: what the flow costs above reading and scoring the same files."""

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
PROMISE_MS = 30.0
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
    """One row: seconds of draining `files` small LAS files, and of reading and scoring them in one process.

    Beside what every row has, `overhead_ms` is the cost of a file above bare scoring; the verdict is "met" where it is
    `PROMISE_MS` at most.

    Args:
        repeats: runs of each, taken in turns; their medians count.
        files: LAS files of 400 samples and two curves.
    """
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        place = Path(folder)
        inbox, bundle = _inbox(place / "inbox", files), _bundle(place / "bundle")
        paths = sorted(inbox.glob("*.las"))
        (place / "nothing").mkdir()
        _drain(place, "nothing")  # starts Prefect's own server where none runs
        pairs = [(_seconds(lambda: _drain(place)), _seconds(lambda: _bare(paths, bundle))) for _ in range(repeats)]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    overhead = 1000.0 * (ours - bare) / files
    return {
        "what": f"drain {files} LAS files ({overhead:.1f} ms a file above bare scoring)",
        "ours_s": ours,
        "other": "read + bundle.score, one process",
        "other_s": bare,
        "ratio": bare / ours,
        "overhead_ms": overhead,
        "required": None,
        "verdict": "met" if overhead <= PROMISE_MS else "missed",
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _drain(place: Path, inbox: str = "inbox") -> None:
    """The flow with everything that belongs to it, on an outbox and a ledger of its own; Prefect runs already."""
    from flows.environment import prepare_environment, run_flow
    from tasks.settings import Settings

    home = Path(tempfile.mkdtemp(dir=place, prefix="home-"))
    settings = Settings(home=home)
    prepare_environment(settings)
    from flows.score import score
    from tasks.scoring.request import ScoreRequest

    request = ScoreRequest(inbox=str(place / inbox), outbox=str(home / "out"), bundle=str(place / "bundle"))
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
        os.utime(path, (1e9, 1e9))  # long complete: no settling time in the measurement
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
