"""Bundle that an experiment starts from: looked up once, then loaded by its hash."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_names
from aemodels.core.errors import BundleError
from aemodels.core.progress import tell
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study.start import left_out_finding, resolve_start
from tasks.scoring.choose_bundle import open_scorer
from tasks.settings import Settings


@task(name="resolve-start", cache_policy=NO_CACHE)
def resolve(spec: ExperimentSpec, settings: Settings) -> ExperimentSpec:
    """Return the experiment with its start found: an alias by its version, a folder by its whole path, and the hash.

    Raises:
        SpecError: if its networks cannot start from the bundle.
        BundleError: if there is no such bundle, or it is damaged.
        NoModelError: if the registry has no such model.
    """
    if spec.start is None:
        return spec
    ref = spec.start.bundle
    scorer = open_scorer(ref, settings)
    if ref.startswith("models:/"):
        ref = f"models:/{scorer.name}/{scorer.version}"
    elif ref not in shipped_names():
        ref = str(Path(ref).resolve())
    found = spec.model_copy(update={"start": spec.start.model_copy(update={"bundle": ref})})
    resolved = resolve_start(found, _loaded(scorer.folder, scorer.content_hash))
    for finding in left_out_finding(resolved):
        tell("%s", finding)
    return resolved


def start_bundle(spec: ExperimentSpec, settings: Settings) -> Bundle | None:
    """Return the bundle that an experiment starts from; None if it starts from nothing.

    Raises:
        BundleError: if it is gone, or its content has changed.
        NoModelError: if the registry does not have it any more.
    """
    if spec.start is None:
        return None
    scorer = open_scorer(spec.start.bundle, settings)
    if scorer.content_hash != spec.start.content_hash:
        raise BundleError(
            f"{spec.start.bundle} has the hash {scorer.content_hash}; the experiment started from "
            f"{spec.start.content_hash}: bring that bundle back, or train again"
        )
    return _loaded(scorer.folder, scorer.content_hash)


@lru_cache(maxsize=1)
def _loaded(folder: str, content_hash: str) -> Bundle:
    """Load a bundle; the next task of the same experiment in this process shares it."""
    return Bundle.load(Path(folder))
