"""Records of a study in MLflow: tables, figures, metrics and the registered model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.experiment.spec import ExperimentSpec
from tasks.settings import Settings
from tasks.tracking import (
    NOTE,
    PENDING,
    RunSpec,
    flatten,
    log_folder,
    log_metrics,
    log_table,
    log_text,
    set_tags,
    tracked_run,
)
from tasks.tracking import register as register_version
from tasks.tracking.provenance import flow_tags, run_name
from tasks.training.compare import EMBEDDINGS, StudyRef
from tasks.training.figures import plain
from tasks.training.prepare import PreparedRef
from tasks.training.train import FitRef, Parent

if TYPE_CHECKING:
    import pandas as pd


# A run holds up to 30 metrics (tracking.MAX_METRICS), of which training takes up to 12.
_MAX_METRICS = 15
CARD = "model_card.md"
ABOUT = {
    "sondeflow-logs": "Denoises well logs and flags unreliable depth samples.",
    "sondeflow-seismic": "Denoises seismic traces and flags unreliable traces.",
}
ALIASES = (
    "Aliases: **champion** scores new files, **challenger** is the last trained version, **previous** is the former "
    "champion. Only `sondeflow promote` moves champion and previous. The tag *gate* of a version holds its decision, "
    "and each decision is a run in the experiment sondeflow-promotions. The model card is the description of each "
    "version and of its run."
)


class Registered(BaseModel):
    """A version in the registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    created: bool
    pending: bool = False


@task(name="log-study", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def log_study(study: StudyRef, parent: Parent, settings: Settings) -> None:
    """Log tables and figures of a study to the experiment's run."""
    for name in study.tables():
        log_table(settings, parent.run_id, name, study.table(name))
    log_folder(settings, parent.run_id, study.path / "figures", "figures")
    if (study.path / EMBEDDINGS).is_dir():
        log_folder(settings, parent.run_id, study.path / EMBEDDINGS, EMBEDDINGS)


@task(name="log-denoising", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def log_denoising(
    spec: ExperimentSpec, study: StudyRef, fits: Sequence[FitRef], parent: Parent, settings: Settings
) -> dict[str, float]:
    """Log the gains of each contender to its run; log and return those of the default contender, with its margin."""
    summary = study.table("denoising_summary")
    for ref in fits:
        log_metrics(settings, ref.run_id, contender_metrics(summary, ref.contender))
    metrics = default_metrics(summary, spec.default)
    log_metrics(settings, parent.run_id, metrics)
    set_tags(settings, parent.run_id, {"best_contender": best_contender(summary), "default": spec.default})
    return metrics


@task(name="log-detectors", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def log_detectors(spec: ExperimentSpec, study: StudyRef, parent: Parent, settings: Settings) -> dict[str, float]:
    """Log ranking and false-alarm rates of each detector to its run; log and return those of the best detector."""
    table, thresholds = study.table("detectors"), study.table("thresholds")
    winner = str(study.summary()["winner"])
    for named in spec.anomalies.detectors:
        run = RunSpec(
            experiment=parent.experiment,
            name=run_name("detector", named.name),
            params=flatten(named),
            tags={"detector": named.name, "kind": named.model.kind, "role": "detector", **flow_tags()},
            parent=parent.run_id,
        )
        with tracked_run(settings, run) as handle:
            found = anomaly_metrics(study.table("anomalies"), _bad_hole(study), named.name)
            log_metrics(settings, handle.run_id, {**found, **detector_metrics(table, thresholds, named.name)})
    rates = detector_metrics(table, thresholds, winner)
    chosen = {key: value for key, value in rates.items() if "." not in key or spec.anomalies.threshold in key}
    pooled = anomaly_metrics(study.table("anomalies"), _bad_hole(study), winner)
    metrics = {
        **pooled,
        **chosen,
        "best_median_pr_auc": best_pr_auc(table),
        "threshold": float(study.summary()["threshold"]),
    }
    log_metrics(settings, parent.run_id, metrics)
    set_tags(settings, parent.run_id, {"detector": winner})
    return metrics


@task(name="model-card", cache_policy=NO_CACHE)
def write_card(
    spec: ExperimentSpec, data: PreparedRef, studies: tuple[StudyRef, StudyRef], parent: Parent, settings: Settings
) -> str:
    """Log the model card as a file and as the run's notes, and return its text.

    Args:
        spec: the experiment.
        data: its wells or line sections by role.
        studies: of denoisers and of detectors.
        parent: the experiment's run.
        settings: address of the tracking store.
    """
    from aemodels.report.model_card.card import render_card
    from aemodels.report.model_card.tables import CardTables

    denoisers, detectors = studies
    tables = CardTables(
        denoisers.table("denoising"),
        detectors.table("detectors"),
        detectors.table("faults"),
        detectors.table("thresholds"),
    )
    roles = {role: sorted(members) for role, members in data.members.items()}
    card = render_card(spec, roles, tables, str(detectors.summary()["winner"]))
    log_text(settings, parent.run_id, CARD, card)
    set_tags(settings, parent.run_id, {NOTE: card})
    return card


@task(name="register", cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_jitter_factor=1.0)
def register(spec: ExperimentSpec, study: StudyRef, card: str, parent: Parent, settings: Settings) -> Registered:
    """Register the study's bundle as the challenger; a bundle that is already registered keeps its version.

    If the tracking store is unavailable, the version is PENDING, and the bundle is registered when the run is uploaded.
    """
    notes = {"model": f"{ABOUT[spec.registered_name]}\n\n{ALIASES}", "version": card}
    name, version, created = register_version(settings, parent.run_id, study.bundle, spec.registered_name, notes)
    return Registered(name=name, version=version, created=created, pending=version == PENDING)


def best_contender(summary: pd.DataFrame) -> str:
    """Return the contender with the highest median gain, averaged over conditions."""
    return str(summary.groupby("contender")["median_db"].mean().idxmax())


def best_pr_auc(table: pd.DataFrame) -> float:
    """Return the highest median PR-AUC of a detector on the hold-out."""
    return float(table[table["role"] == "test"].groupby("detector")["pr_auc"].median().max())


def contender_metrics(summary: pd.DataFrame, contender: str) -> dict[str, float]:
    """Return median_db, min_db and noise_reduction_pct per condition."""
    rows = summary[summary["contender"] == contender].to_dict("records")
    keys = ("median_db", "min_db", "noise_reduction_pct")
    return _finite({f"{key}.{plain(row['condition'])}": row[key] for key in keys for row in rows})


def default_metrics(summary: pd.DataFrame, default: str) -> dict[str, float]:
    """Return the default contender's median gain per condition, and its margin over the best other contender (dB)."""
    metrics: dict[str, float] = {}
    for condition, rows in summary.groupby("condition", sort=False):
        medians = rows.set_index("contender")["median_db"]
        name = plain(str(condition))
        metrics[f"best_median_db.{name}"] = float(medians.max())
        if default in medians.index:
            metrics[f"median_db.{name}"] = float(medians[default])
        if default in medians.index and len(medians) > 1:
            metrics[f"margin_db.{name}"] = float(medians[default] - medians.drop(default).max())
    return _finite(metrics)


def detector_metrics(table: pd.DataFrame, thresholds: pd.DataFrame, detector: str) -> dict[str, float]:
    """Return median ranking on the hold-out, and per threshold its value, nominal and measured false-alarm rates."""
    rows = table[(table["detector"] == detector) & (table["role"] == "test")]
    metrics = {f"median_{key}": rows[key].median() for key in ("pr_auc", "roc_auc", "recall_at_1pct")}
    for row in thresholds[thresholds["detector"] == detector].to_dict("records"):
        for key in ("value", "nominal", "pooled", "worst"):
            metrics[f"{row['threshold_kind']}.{key}"] = row[key]
    return _finite(metrics)


def anomaly_metrics(anomalies: pd.DataFrame, bad_hole: pd.DataFrame | None, detector: str) -> dict[str, float]:
    """Return a detector's pooled results on the faults of the hold-out, and on real bad hole.

    Args:
        anomalies: as `DetectorStudy.totals`.
        bad_hole: as `DetectorStudy.bad_hole`; None if no well has a caliper.
        detector: its name.
    """
    rows = anomalies[(anomalies["detector"] == detector) & (anomalies["fault"] == "all")]
    keys = ("pr_auc", "recall_at_1pct", "event_recall", "reason_accuracy")
    metrics = {f"faults.{key}": row[key] for row in rows.to_dict("records") for key in keys}
    if bad_hole is not None:
        own = bad_hole[(bad_hole["detector"] == detector) & (bad_hole["wells"] == "all")]
        metrics |= {f"bad_hole.{row['ranked_by']}.roc_auc": row["roc_auc"] for row in own.to_dict("records")}
    return _finite(metrics)


def _bad_hole(study: StudyRef) -> pd.DataFrame | None:
    return study.table("bad_hole") if "bad_hole" in study.tables() else None


def _finite(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the first _MAX_METRICS finite metrics; the tables hold all of them."""
    finite = {key: float(value) for key, value in metrics.items() if math.isfinite(value)}
    return dict(list(finite.items())[:_MAX_METRICS])
