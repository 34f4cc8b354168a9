"""Benchmark of logging: the same experiment with and without logged runs, in turns."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.core.types import Channel, Recording, Source
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.study.steps import fit_contender
from flows.benchmarks.throughput import verdict
from tasks.address import Address
from tasks.ingest.ingest import Dataset, ingest_file
from tasks.settings import Settings
from tasks.tracking import connect
from tasks.training.compare import StudyRef, study_denoisers, study_detectors
from tasks.training.experiment import TRAIN, experiment_run
from tasks.training.prepare import PreparedRef, load_prepared, prepare_data
from tasks.training.record import log_denoising, log_detectors, log_study, register, write_card
from tasks.training.train import ARRAYS, FitRef, fit, fit_key

CONTENDERS = 10
EPOCHS = 50
# Batches per epoch: an epoch takes tenths of a second, against seconds in the shipped experiments, so the measured
# share of logging is an upper bound of theirs.
STEPS = 40
WELLS = 6
REQUIRED = 1 / 1.1  # logging is to add less than 10 % to the wall time
CURVES = ("GR", "RHOB", "NPHI")


def benchmark_tracking(repeats: int) -> list[dict[str, Any]]:
    """Measure an experiment of ten dense autoencoders of 50 epochs, with and without logging.

    Both sides leave fits, tables, figures and the bundle on disk. One of them also logs parameters, data, per-epoch
    metrics, tables, figures and the model card, and registers the model; creation of the store is not included.

    Args:
        repeats: repetitions of each, in turns; medians are reported.

    Returns:
        what, ours_s (logged), other, other_s (not logged), ratio = other_s / ours_s, required and verdict as of
        `bench.benchmark`, overhead_pct of the wall time, overhead_cpu_pct of this process's processor time (which
        other programs disturb less), epoch_s.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wells = _wells(work / "wells")
        store = f"sqlite:///{work / 'mlflow.db'}"
        _run(_bare, wells, Settings(home=work / "warm-up", tracking_uri=Address(store)), epochs=1)
        connect(Settings(home=work, tracking_uri=Address(store)))
        times: tuple[list[Seconds], list[Seconds]] = ([], [])
        for turn in range(repeats):
            for log, side in zip(times, (_logged, _bare), strict=True):
                home = work / f"{side.__name__}-{turn}"
                log.append(_run(side, wells, Settings(home=home, tracking_uri=Address(store)), epochs=EPOCHS))
    ours, other = (_medians(log) for log in times)
    return [
        {
            "what": f"experiment, {CONTENDERS} contenders, {EPOCHS} epochs, logged",
            "ours_s": ours[0],
            "other": "the same, not logged",
            "other_s": other[0],
            "ratio": other[0] / ours[0],
            "required": REQUIRED,
            "bound": REQUIRED,
            "verdict": verdict(other[0] / ours[0], REQUIRED),
            "overhead_pct": 100 * (ours[0] / other[0] - 1),
            "overhead_cpu_pct": 100 * (ours[1] / other[1] - 1),
            "epoch_s": other[0] / (CONTENDERS * EPOCHS),
        }
    ]


Seconds = tuple[float, float]  # of the wall clock, of the processor
Side = Callable[[ExperimentSpec, PreparedRef, Settings], None]


def _medians(log: list[Seconds]) -> Seconds:
    return statistics.median(wall for wall, _ in log), statistics.median(cpu for _, cpu in log)


def _run(side: Side, wells: list[Path], settings: Settings, *, epochs: int) -> Seconds:
    """Return wall and processor time of one side, without reading the wells."""
    spec = _spec(epochs)
    data = prepare_data.fn(
        spec, Dataset(files=tuple(record for path in wells for record in ingest_file(path, settings))), settings
    )
    load_prepared(spec, data.refs)
    started = time.perf_counter(), time.process_time()
    side(spec, data, settings)
    return time.perf_counter() - started[0], time.process_time() - started[1]


def _logged(spec: ExperimentSpec, data: PreparedRef, settings: Settings) -> None:
    """Run the steps of the flow `train`."""
    with experiment_run(spec, data, settings, purpose=TRAIN) as parent:
        fits = [fit.fn(spec, contender.name, data, parent, settings) for contender in spec.contenders]
        denoisers, detectors = _studies(spec, data, fits, settings)
        log_study.fn(denoisers, parent, settings)
        log_study.fn(detectors, parent, settings)
        log_denoising.fn(spec, denoisers, fits, parent, settings)
        log_detectors.fn(spec, detectors, parent, settings)
        card = write_card.fn(spec, data, (denoisers, detectors), parent, settings)
        register.fn(spec, detectors, card, parent, settings)


def _bare(spec: ExperimentSpec, data: PreparedRef, settings: Settings) -> None:
    """Do the same work without logging."""
    fits = [_fitted(spec, contender.name, data, settings) for contender in spec.contenders]
    _studies(spec, data, fits, settings)


def _studies(
    spec: ExperimentSpec, data: PreparedRef, fits: list[FitRef], settings: Settings
) -> tuple[StudyRef, StudyRef]:
    return study_denoisers.fn(spec, data, fits, settings), study_detectors.fn(spec, data, fits, settings)


def _fitted(spec: ExperimentSpec, name: str, data: PreparedRef, settings: Settings) -> FitRef:
    fitted = fit_contender(spec, name, load_prepared(spec, data.refs))
    key = fit_key(spec, name, data)
    folder = settings.fits_dir / key
    fitted.save(folder)
    return FitRef(
        contender=name,
        uri=str(folder),
        sha256=sha256_file(folder / ARRAYS),
        key=key,
        run_id="",
        seconds=fitted.seconds,
        parameters=fitted.parameters,
        cached=False,
    )


def _spec(epochs: int) -> ExperimentSpec:
    training = {"epochs": epochs, "patience": epochs, "batch": 64, "steps": STEPS, "stride": 8}
    names = [f"dense_{number}" for number in range(CONTENDERS)]
    contenders = [
        {"name": name, "model": {"kind": "dense", "latent": 2 + number, "training": training}}
        for number, name in enumerate(names)
    ]
    return ExperimentSpec.model_validate(
        {
            "name": "bench-tracking",
            "kind": "logs",
            "curves": CURVES,
            "contenders": contenders,
            "default": names[-1],
            "test_conditions": [{"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}],
            "anomalies": {
                "faults": [{"kind": "spike"}],
                "detectors": [{"name": "error", "model": {"kind": "reconstruction", "contender": names[-1]}}],
                "thresholds": [{"kind": "conformal"}],
            },
        }
    )


def _wells(folder: Path) -> list[Path]:
    folder.mkdir()
    rng = np.random.default_rng(20)
    paths = []
    for number in range(WELLS):
        values = np.abs(rng.normal(size=(len(CURVES), 4000)).cumsum(axis=1)).astype(np.float32) * 0.01 + 0.1
        path = folder / f"bench-{number}.las"
        write_las(_well(values, path.stem), path)
        paths.append(path)
    return paths


def _well(values: np.ndarray, name: str) -> Recording:
    return Recording(
        values=values,
        axis=1000.0 + 0.1524 * np.arange(values.shape[1], dtype=np.float64),
        channels=tuple(Channel(curve) for curve in CURVES),
        kind="logs",
        source=Source(name, "0" * 64),
        name=name,
    )
