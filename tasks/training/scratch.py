"""Networks written in plain NumPy: trained, compared with reference values, and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.numpy_autoencoder.reference_problems import (
    DECIMALS,
    PUBLISHED,
    TrainedProblem,
    spiral_metrics,
    train_slopes,
    train_spiral,
)
from tasks.settings import Settings
from tasks.tracking import RunSpec, flatten, log_figures, log_history, log_metrics, tracked_run
from tasks.tracking.provenance import flow_tags

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXPERIMENT = "sondeflow-scratch"
# Number of logged values of a loss curve.
_CURVE = 200
# The embedding of a line represents its slope, up to noise; the worst of ten seeds gave 0.992.
MIN_R_SQUARED = 0.95


class ReferenceCheck(BaseModel):
    """Comparison of a result with its reference value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str
    what: str
    expected: str
    found: float
    met: bool


class ScratchRun(BaseModel):
    """Run of one trained network, and its comparisons with reference values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    address: str
    answers: tuple[ReferenceCheck, ...]


@task(name="learn-slopes", cache_policy=NO_CACHE)
def slopes_run(seed: int, settings: Settings) -> ScratchRun:
    """Train 3-2-1-2-3 on noisy lines, and compare its embedding with their slopes."""
    from aemodels.report.figures.index import network_diagram, slopes_panels

    found = train_slopes(seed)
    name = "3-2-1-2-3 on lines"
    expected = f"at least {MIN_R_SQUARED:g}"
    answers = [
        _known(name, "R² of code on slope", expected, found.r_squared, met=found.r_squared >= MIN_R_SQUARED),
        _known(name, "code is monotone in slope", "1", float(found.monotone), met=found.monotone),
    ]
    figures = {"network": network_diagram(found.trained.network, title=name), "slopes": slopes_panels(found)}
    return _logged(settings, (name, seed), found.trained, answers, figures)


@task(name="learn-spiral", cache_policy=NO_CACHE)
def spiral_run(settings: Settings) -> ScratchRun:
    """Train 2-1-2 on the noisy spiral, and compare it with the published result."""
    from aemodels.numpy_autoencoder.reference_problems import SPIRAL_SEED
    from aemodels.report.figures.index import network_diagram, spiral_panels

    trained = train_spiral()
    name = "2-1-2 on a spiral"
    answers = [
        _known(name, what, f"{PUBLISHED[what]:.6f}", value, met=round(value, DECIMALS) == PUBLISHED[what])
        for what, value in spiral_metrics(trained).items()
    ]
    figures = {"spiral": spiral_panels(trained, title=name), "network": network_diagram(trained.network, title=name)}
    return _logged(settings, (name, SPIRAL_SEED), trained, answers, figures)


def _known(network: str, what: str, expected: str, found: float, *, met: bool) -> ReferenceCheck:
    return ReferenceCheck(network=network, what=what, expected=expected, found=round(found, DECIMALS), met=met)


def _logged(
    settings: Settings,
    run: tuple[str, int],
    trained: TrainedProblem,
    answers: list[ReferenceCheck],
    figures: dict[str, Figure],
) -> ScratchRun:
    name, seed = run
    spec = trained.network.spec
    params: dict[str, Any] = {**flatten(spec), "seed": seed, "compression": spec.compression}
    tags = {"purpose": "scratch", "role": "known-answer", "kind": "scratch", **flow_tags()}
    every = max(1, len(trained.errors) // _CURVE)
    with tracked_run(settings, RunSpec(experiment=EXPERIMENT, name=name, params=params, tags=tags)) as handle:
        log_history(settings, handle.run_id, {"mse": trained.errors[::every].tolist()}, every=every)
        log_metrics(settings, handle.run_id, {_metric(answer.what): answer.found for answer in answers})
        log_figures(settings, handle.run_id, figures)
    return ScratchRun(run_id=handle.run_id, address=handle.address, answers=tuple(answers))


def _metric(what: str) -> str:
    return what.replace(" ", "_").replace("²", "2")
