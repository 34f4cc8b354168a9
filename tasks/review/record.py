"""Metrics of model versions against reviews: a run in MLflow, and a section of the version's description."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.report.model_card.reviews import HEADING, reviews_section
from aemodels.review.agreement import Counted, agreement_rows, flag_rows, review_metrics
from aemodels.review.document import AnyDecision, Review, latest_decisions
from tasks.settings import Settings
from tasks.storage.refs import digest_of
from tasks.tracking import (
    NOTE,
    RunSpec,
    describe,
    describe_section,
    find,
    log_metrics,
    log_table,
    set_tags,
    store_id,
    tag_of,
    tracked_run,
)

EXPERIMENT = "sondeflow-reviews"
KEY = "reviews_sha256"  # tag of a version and of a run: hash of the decisions that were counted
_LABEL = re.compile(r"^(?P<name>.+)-v(?P<version>\d+)$")


@task(name="record-reviews", cache_policy=NO_CACHE)
def record_reviews(reviews: Sequence[Review], settings: Settings) -> list[dict[str, Any]]:
    """Log how each reviewed model version does against the reviews of its flags.

    A version whose decisions have not changed since is not logged again.

    Args:
        reviews: all that were kept.
        settings: address of the tracking store.

    Returns:
        A row per reviewed bundle: bundle, result ("logged", "unchanged", or "not in the registry"), run_id, metrics.
    """
    by_bundle: dict[str, list[tuple[Review, AnyDecision]]] = defaultdict(list)
    for review, decision in latest_decisions(reviews):
        by_bundle[review.bundle].append((review, decision))
    return [_record(bundle, counted, settings) for bundle, counted in sorted(by_bundle.items())]


def _record(bundle: str, counted: Counted, settings: Settings) -> dict[str, Any]:
    flags, agreement = flag_rows(counted), agreement_rows(counted)
    metrics = review_metrics(flags, agreement)
    row: dict[str, Any] = {"bundle": bundle, "result": "not in the registry", "run_id": "", "metrics": metrics}
    match = _LABEL.match(bundle)
    model = find(settings, f"models:/{match['name']}/{match['version']}") if match else None
    if model is None:
        return row
    key = digest_of([[review.content_hash, decision.model_dump(mode="json")] for review, decision in counted])
    if tag_of(settings, model, KEY) == key:
        return row | {"result": "unchanged"}
    files, of_lines = {review.sha256 for review, _ in counted}, counted[0][0].kind == "seismic"
    section = reviews_section(flags, agreement, len(files), of_lines=of_lines)
    run = RunSpec(
        experiment=EXPERIMENT,
        name=f"{bundle}-reviews",
        params={"model": model.name, "version": model.version},
        tags={KEY: key, "purpose": "reviews"},
    )
    with tracked_run(settings, run) as handle:
        log_metrics(settings, handle.run_id, metrics)
        log_table(settings, handle.run_id, "flags", pd.DataFrame(flags))
        if agreement:
            log_table(settings, handle.run_id, "agreement", pd.DataFrame(agreement))
        set_tags(settings, handle.run_id, {NOTE: section})
    describe_section(settings, model, HEADING, section)
    run_id = store_id(settings, handle.run_id)
    describe(settings, model, {KEY: key, "reviews_run": run_id, **_tags(metrics)})
    return row | {"result": "logged", "run_id": run_id}


def _tags(metrics: dict[str, float]) -> dict[str, str]:
    """Return what the list of versions shows."""
    return {f"reviews_{name}": f"{metrics[name]:.3g}" for name in ("precision", "missed", "kappa") if name in metrics}
