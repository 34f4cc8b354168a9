"""Monitoring: drift of recently scored data relative to the data that trained the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aemodels.bundle.reference_view import ReferenceView
from aemodels.core.registered_models import REGISTERED
from aemodels.core.types import Kind
from aemodels.curves.canonical import CANONICAL
from aemodels.monitoring.drift import NOTHING, DriftThresholds, FeatureDrift, Window, assess_drift
from aemodels.monitoring.reference import Reference
from tasks.monitoring.count import count_files, files_since
from tasks.scoring.choose_bundle import default_scorer, open_scorer
from tasks.scoring.outbox import scores_folder
from tasks.scoring.places.staged import BundleLabel
from tasks.scoring.request import Scorer
from tasks.settings import Settings
from tasks.tracking import CHAMPION

DriftVerdict = Literal["steady", "drift", "no data", "no reference"]


class MonitorRequest(BaseModel):
    """Request to measure drift, and the actions on an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outbox: str = Field(default="", description="outbox whose scores are read; empty: the outbox in the settings")
    since: datetime | None = Field(
        default=None, description="only files scored since this time (UTC if without a zone); empty: see hours"
    )
    hours: float = Field(default=168.0, gt=0.0, le=876_000.0, description="length of the period in h if since is empty")
    bundle: str = Field(
        default="",
        description="a models:/ URI, a bundle folder or a shipped one; empty: of each kind the champion, else the "
        "shipped bundle",
    )
    thresholds: DriftThresholds = Field(
        default=DriftThresholds(), description="limits above which a change counts as drift"
    )
    trigger_training: bool = Field(default=False, description="train a challenger on an alarm")
    train_spec: str = Field(
        default="", description="experiment of the challenger: the name of a shipped one or a YAML file"
    )
    train_data: str | tuple[str, ...] = Field(
        default="", description="file, folder or URL of the challenger's training data, or several"
    )
    after_training: Literal["nothing", "gate"] = Field(
        default="nothing",
        description="nothing: the trained version stays challenger; gate: it may become champion by the promotion gate",
    )

    @model_validator(mode="after")
    def _trainable(self) -> Self:
        if self.trigger_training and not (self.train_spec and self.train_data):
            raise ValueError("trigger_training is set without train_spec and train_data; give both, or unset it")
        return self

    def start(self, now: datetime) -> datetime:
        """Return the start of the period in UTC."""
        if self.since is None:
            return now - timedelta(hours=self.hours)
        return self.since.astimezone(UTC) if self.since.tzinfo else self.since.replace(tzinfo=UTC)


class Watched(BaseModel):
    """Reference to a bundle, and the label under which its scores are filed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    name: str
    version: str

    @property
    def label(self) -> BundleLabel:
        return BundleLabel(self.name, self.version)


class DriftReport(BaseModel):
    """Drift report of one bundle: verdict, table, and the quantities that drifted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    version: str
    kind: Kind
    verdict: DriftVerdict
    since: datetime
    files: int = 0
    rows: int = 0
    flagged: int = 0
    inputs: tuple[str, ...] = Field(default=(), description="curves or trace features that drifted or are missing")
    signals: tuple[str, ...] = Field(default=(), description="those of score, pca_error and flag_rate that drifted")
    table: tuple[FeatureDrift, ...] = ()
    unreadable: tuple[str, ...] = ()
    run_id: str = ""
    address: str = ""

    @property
    def alarm(self) -> bool:
        return self.verdict == "drift"


@dataclass(frozen=True, eq=False)
class Measured:
    """A report with the data for its figures."""

    report: DriftReport
    reference: Reference | None
    window: Window


@task(name="choose-watched", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def choose_watched(bundle: str, settings: Settings) -> list[Watched]:
    """Return the given bundle, else per kind the champion or, without one, the bundle of the package.

    Raises:
        NoModelError: if the given bundle is not in the registry.
    """
    if bundle:
        return [_watched(open_scorer(bundle, settings))]
    found = [default_scorer(kind, (CHAMPION,), settings) for kind in REGISTERED]
    return [_watched(scorer) for scorer in found if scorer is not None]


@task(name="measure-drift", cache_policy=NO_CACHE)
def measure_drift(watched: Watched, outbox: str, since: datetime, thresholds: DriftThresholds) -> Measured:
    """Compare data scored by a bundle since a time with its reference; damaged score files are reported."""
    view = ReferenceView.load(Path(watched.folder))
    report = DriftReport(
        model=watched.name, version=watched.version, kind=view.spec.kind, verdict="no data", since=since
    )
    folder = scores_folder(Path(outbox), view.spec.kind, watched.label)
    paths = files_since(folder, since)
    if view.reference is None:
        report = report.model_copy(update={"verdict": "no reference", "files": len(paths)})
        return Measured(report, None, NOTHING)
    window, unreadable = count_files(paths, view.reference, view.spec.curves)
    report = report.model_copy(update={"unreadable": tuple(unreadable)})
    if not window.files:
        return Measured(report, view.reference, window)
    return Measured(_assessed(report, view.reference, window, thresholds), view.reference, window)


def table_rows(report: DriftReport) -> list[dict[str, Any]]:
    """Return the table for display, one row per quantity with its unit."""
    return [
        {
            "quantity": row.feature,
            "unit": CANONICAL[row.feature].unit if row.feature in CANONICAL else "",
            "verdict": row.verdict,
            "mean now": row.now,
            "mean reference": row.reference,
            "psi": row.psi,
            "psi limit": row.psi_limit,
            "ks": row.ks,
            "ks limit": row.ks_limit,
            "p-value": row.p_value,
            "missing": row.missing,
            "missing reference": row.missing_reference,
        }
        for row in report.table
    ]


def _assessed(report: DriftReport, reference: Reference, window: Window, thresholds: DriftThresholds) -> DriftReport:
    table = assess_drift(reference, window, thresholds)
    drifted = [row.feature for row in table if row.alarm]
    inputs = tuple(name for name in drifted if name in reference.inputs)
    return report.model_copy(
        update={
            "verdict": "drift" if drifted else "steady",
            "files": window.files,
            "rows": window.rows,
            "flagged": window.flagged,
            "inputs": inputs,
            "signals": tuple(name for name in drifted if name not in inputs),
            "table": table,
        }
    )


def _watched(scorer: Scorer) -> Watched:
    return Watched(folder=scorer.folder, name=scorer.name, version=scorer.version)
