"""Opponent of a challenger beside its own contenders: another bundle, on the challenger's hold-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_for
from aemodels.core.errors import BundleError
from aemodels.experiment.spec import ExperimentSpec
from tasks.settings import Settings
from tasks.tracking import ModelVersion, download_bundle
from tasks.training.prepare import PreparedRef
from tasks.training.start import start_bundle

DEMO = "demo-"  # first part of the name of a demo's experiment


@dataclass(frozen=True)
class Opponent:
    """A bundle that scores, or would score, instead of the challenger.

    Args:
        name: for the decision.
        load: loads it; raises SondeflowError if it is gone.
    """

    name: str
    load: Callable[[], Bundle]


def find_opponent(
    challenger: ModelVersion,
    champion: ModelVersion | None,
    spec: ExperimentSpec,
    data: PreparedRef,
    settings: Settings,
) -> Opponent | None:
    """Return what scores now: the champion; without one what the challenger was started from, else the shipped bundle.

    The shipped bundle is no opponent if it has seen a file of the hold-out, or lacks a curve of the experiment; nor is
    it one of a demo, whose wells are of those that it was trained on.

    Args:
        challenger: the version to be judged; it is not compared with itself.
        champion: None if there is none.
        spec: the challenger's experiment.
        data: its hold-out.
        settings: `compare_with_shipped`, and the registry.
    """
    if champion is not None:
        if champion.version == challenger.version:
            return None
        return Opponent(f"champion v{champion.version}", lambda: Bundle.load(download_bundle(settings, champion)))
    if spec.start is not None:
        return Opponent(f"the start {spec.start.bundle}", lambda: _started(spec, settings))
    shipped = shipped_for(spec.kind)
    if shipped is None or not settings.compare_with_shipped or spec.name.startswith(DEMO):
        return None
    bundle = Bundle.load(shipped.folder)
    seen = set(bundle.trained_on) & set(data.members.get("test", {}).values())
    if seen or set(spec.curves) - set(bundle.curves):
        return None
    return Opponent(f"{shipped.name}, which comes with sondeflow", lambda: bundle)


def _started(spec: ExperimentSpec, settings: Settings) -> Bundle:
    found = start_bundle(spec, settings)
    if found is None:
        raise BundleError(f"{spec.name} starts from nothing")
    return found
