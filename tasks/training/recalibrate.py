"""Recalibration of a bundle from reviews: its evidence, and its version in the registry."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import Kind
from aemodels.review.labels import labels_by_content
from aemodels.study.recalibrate import Recalibration, recalibrate
from tasks.ingest.ingest import Dataset
from tasks.ledger import open_ledger
from tasks.ledger.reviews import kept_reviews
from tasks.scoring.request import Scorer
from tasks.settings import Settings
from tasks.storage.refs import load_recording
from tasks.training.calibrate import scorer_to_calibrate
from tasks.training.register_calibrated import CalibrationEvidence, register_calibrated

THINGS = {"logs": "wells", "seismic": "lines"}
REVIEWED = "reviewed"  # table of the reviewed wells, and key of the evidence that says a bundle comes from reviews


class Recalibrated(BaseModel):
    """Result of a recalibration from reviews.

    Args:
        kind: of the bundle.
        source: name and version of the bundle that was recalibrated.
        source_hash: its content hash.
        divisors: curve → what its scores are divided by, in addition to what was there before; of lines "traces".
        member: whose evidence is weakened; "" = none.
        member_divisor: what its -log10 p are divided by.
        reviewed: one row per reviewed well, by a change that was fitted without it (`study.recalibrate.ReviewedWell`).
        judged: one row per well that nobody reviewed (`study.judge_levels.JudgedWell`).
        nominal: rate of false alarms that was asked for.
        recall_before, recall_after: of injected faults at that rate, in the wells that nobody reviewed.
        findings: files left out, and doubts.
        model: name in the registry; "" if nothing changed, or it was written to a folder alone.
        version: in the registry.
        created: the version is new.
        run_id: of the run that holds the evidence.
        folder: that the bundle was written to; "" if it is in the registry alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    source: str
    source_hash: str
    divisors: dict[str, float]
    member: str
    member_divisor: float
    reviewed: tuple[dict[str, Any], ...]
    judged: tuple[dict[str, Any], ...]
    nominal: float
    recall_before: float
    recall_after: float
    findings: tuple[Finding, ...]
    model: str = ""
    version: str = ""
    created: bool = False
    run_id: str = ""
    folder: str = ""

    @property
    def changed(self) -> bool:
        """False if the reviews give no reason to change anything."""
        return bool(self.divisors or self.member)


@task(name="recalibrate", cache_policy=NO_CACHE)
def recalibrate_bundle(
    kind: Kind, dataset: Dataset, bundle: str | None, settings: Settings, folder: str | None
) -> Recalibrated:
    """Fit the levels of a bundle to the reviewed wells or lines among some files, and judge them on the others.

    If the reviews give no reason to change anything, nothing is registered or written.

    Args:
        kind: of the files and of the bundle.
        dataset: files that were read.
        bundle: folder, models:/ URI or name of a shipped bundle; None = the champion, else the shipped one.
        settings: addresses of the tracking store, and of the ledger that holds the reviews.
        folder: new or empty folder for the bundle, which is then not registered; None = register it.

    Raises:
        SpecError: if there is no bundle of the kind.
        DataError: if there are no reviews, or too few files.
    """
    labels = labels_by_content(kept_reviews(open_ledger(settings.ledger_url)), kind)
    if not labels:
        raise DataError(
            f"no review is kept of {THINGS[kind]}; expected some: `sondeflow reviews add FILE` keeps those of reports"
        )
    scorer = scorer_to_calibrate(kind, bundle, settings)
    recordings = [load_recording(file.ref) for file in dataset.usable if file.ref is not None and file.kind == kind]
    found = recalibrate(Bundle.load(Path(scorer.folder)), recordings, labels)
    result = _summary(scorer, found)
    if not result.changed:
        return result
    if folder is not None:
        found.bundle.save(Path(folder))
        return result.model_copy(update={"folder": folder})
    return result.model_copy(update=register_calibrated(scorer, found.bundle, _evidence(result, found), settings))


def recalibration_page(result: Recalibrated) -> str:
    """Return a recalibration as Markdown: what changed, and what it does in reviewed and in other wells."""
    from aemodels.report.model_card.card import table

    things = THINGS[result.kind]
    title = f"# {result.source}, recalibrated from reviews of {len(result.reviewed)} {things}"
    if not result.changed:
        title = f"# {result.source}: the reviews of {len(result.reviewed)} {things} give no reason to change it"
    changes = [f"scores of {curve} divided by {divisor:.3g}" for curve, divisor in result.divisors.items()]
    if result.member:
        changes.append(f"-log10 p of {result.member} divided by {result.member_divisor:.3g}")
    sums = _sums(result.reviewed)
    parts = [
        title,
        f"Changed: {'; '.join(changes) or 'nothing'}. Networks unchanged.",
        f"Reviewed {things}, each by a change that was fitted without it: "
        f"of {sums['faults']} faults {sums['found_before']} flagged before, {sums['found_after']} now; "
        f"{sums['wrong_before']} wrong flags before, {sums['wrong_after']} now.",
        f"{things.capitalize()} that nobody reviewed: at {result.nominal:.2%} false alarms "
        f"{result.recall_before:.1%} of injected faults found before, {result.recall_after:.1%} now.",
        table(
            [f"{things} that nobody reviewed", "clean rows flagged before", "now"],
            [[one["name"], f"{one['alarms_before']:.2%}", f"{one['alarms_after']:.2%}"] for one in result.judged],
        ),
    ]
    return "\n\n".join([*parts, *(f"- {finding}" for finding in result.findings)])


def _sums(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    keys = ("faults", "found_before", "found_after", "sound", "wrong_before", "wrong_after")
    return {key: sum(row[key] for row in rows) for key in keys}


def _summary(scorer: Scorer, found: Recalibration) -> Recalibrated:
    return Recalibrated(
        kind=found.bundle.kind,
        source=f"{scorer.name} {scorer.version}",
        source_hash=scorer.content_hash,
        divisors=dict(found.change.divisors),
        member=found.change.member,
        member_divisor=found.change.member_divisor,
        reviewed=tuple(dataclasses.asdict(well) for well in found.reviewed),
        judged=tuple(dataclasses.asdict(well) for well in found.judgement.wells),
        nominal=found.judgement.nominal,
        recall_before=found.judgement.recall_before,
        recall_after=found.judgement.recall_after,
        findings=found.findings,
    )


def _evidence(result: Recalibrated, found: Recalibration) -> CalibrationEvidence:
    wells = [*result.reviewed, *result.judged]
    after, before = (_rates(result.judged, when) for when in ("after", "before"))
    anomalies = found.bundle.spec.anomalies
    thresholds = {
        "detector": found.bundle.detector_name,
        "threshold_kind": anomalies.threshold,
        "value": found.bundle.threshold,
        "nominal": result.nominal,
        **after,
    }
    recalls = {"recall_before": result.recall_before, "recall_after": result.recall_after}
    sums = _sums(result.reviewed)
    return CalibrationEvidence(
        wells={f"{well['name']} {well['sha256'][:8]}": well["sha256"] for well in wells},
        tables={
            "thresholds": pd.DataFrame([thresholds]),
            REVIEWED: pd.DataFrame(list(result.reviewed)),
            "judged": pd.DataFrame(list(result.judged)),
        },
        metrics={
            **recalls,
            "pooled": after["pooled"],
            "pooled_before": before["pooled"],
            "wrong_flags_before": sums["wrong_before"],
            "wrong_flags_after": sums["wrong_after"],
        },
        note=recalibration_page(result),
        more={REVIEWED: {**recalls, "alarms_before": [before["pooled"], before["worst"]]}},
    )


def _rates(judged: Sequence[dict[str, Any]], when: str) -> dict[str, float]:
    """Return the share of clean rows flagged in all wells together and in the worst one, with their rows."""
    counts, shares = (np.array([well[key] for well in judged]) for key in ("rows", f"alarms_{when}"))
    worst = int(shares.argmax())
    pooled = float(np.average(shares, weights=counts)) if counts.sum() else 0.0
    rates = {"pooled": pooled, "worst": float(shares[worst])}
    return rates | {"pooled_rows": int(counts.sum()), "worst_rows": max(int(counts[worst]), 1)}
