"""Calibration of a bundle on wells or lines of one's own: its evidence, and its version in the registry."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.study.calibrate import Calibration, calibrate
from tasks.ingest.ingest import Dataset
from tasks.scoring.choose_bundle import default_scorer, open_scorer
from tasks.scoring.request import Scorer
from tasks.settings import Settings
from tasks.storage.refs import load_recording
from tasks.training.register_calibrated import CalibrationEvidence, register_calibrated


class Calibrated(BaseModel):
    """Result of a calibration.

    Args:
        source: name and version of the bundle whose thresholds were fitted again.
        source_hash: its content hash.
        threshold: before and after.
        suspect_threshold: before and after.
        pooled: share of clean rows above the new threshold, each well by one fitted without it.
        worst: the same share in the worst well.
        nominal: the rate that was asked for.
        wells: one row per well (see `CalibrationWell`).
        findings: wells left out, and doubts.
        model: name in the registry; "" if it was written to a folder alone.
        version: in the registry.
        created: the version is new.
        run_id: of the run that holds the evidence.
        folder: that the bundle was written to; "" if it is in the registry alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    source_hash: str
    threshold: tuple[float, float]
    suspect_threshold: tuple[float, float]
    pooled: float
    worst: float
    nominal: float
    wells: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    model: str = ""
    version: str = ""
    created: bool = False
    run_id: str = ""
    folder: str = ""


@task(name="calibrate", cache_policy=NO_CACHE)
def calibrate_bundle(
    kind: str, dataset: Dataset, bundle: str | None, settings: Settings, folder: str | None
) -> Calibrated:
    """Fit the thresholds of a bundle to the files of its kind; write it to a folder, or register it as challenger.

    Args:
        kind: "logs" or "seismic".
        dataset: files that were read.
        bundle: folder, models:/ URI or name of a shipped bundle; None = the champion, else the shipped one.
        settings: address of the tracking store.
        folder: new or empty folder for the bundle, which is then not registered; None = register it.

    Raises:
        SpecError: if there is no bundle of this kind.
        DataError: if there are too few files.
    """
    scorer = scorer_to_calibrate(kind, bundle, settings)
    recordings = [load_recording(file.ref) for file in dataset.usable if file.ref is not None and file.kind == kind]
    found = calibrate(Bundle.load(Path(scorer.folder)), recordings)
    result = _summary(scorer, found)
    if folder is not None:
        found.bundle.save(Path(folder))
        return result.model_copy(update={"folder": folder})
    return _registered(scorer, found, result, settings)


def scorer_to_calibrate(kind: str, bundle: str | None, settings: Settings) -> Scorer:
    """Return the scorer of a bundle, or the champion of a kind, else the shipped one.

    Raises:
        SpecError: if there is no bundle of this kind.
    """
    scorer = default_scorer(kind, ("champion",), settings) if bundle is None else open_scorer(bundle, settings)
    if scorer is None or scorer.kind != kind:
        other = "none" if scorer is None else f"{scorer.name}, which scores {scorer.kind}"
        raise SpecError(f"a bundle for {kind} is needed; found {other}; name another one with --bundle")
    return scorer


def calibration_page(result: Calibrated) -> str:
    """Return a calibration as Markdown: thresholds, rates, and the wells."""
    from aemodels.report.model_card.card import table

    (before, after), (soft_before, soft_after) = result.threshold, result.suspect_threshold
    rows = [
        [well["name"], *(f"{well[key]:.2%}" for key in ("before", "after", "suspect_after"))] for well in result.wells
    ]
    return "\n\n".join(
        [
            f"# {result.source}, calibrated on {len(result.wells)} wells or lines",
            f"Threshold {before:.3f} before, {after:.3f} now; of hints {soft_before:.3f} before, {soft_after:.3f} now. "
            f"Networks unchanged. Of clean rows {result.pooled:.2%} are above a threshold fitted without their well, "
            f"{result.worst:.2%} in the worst one; {result.nominal:.2%} was asked for.",
            table(["well or line", "flagged before", "flagged now", "flagged or hint now"], rows),
            *(f"- {finding}" for finding in result.findings),
        ]
    )


def _summary(scorer: Scorer, found: Calibration) -> Calibrated:
    rates = found.false_alarms.iloc[0]
    before, after = found.source, found.bundle
    return Calibrated(
        source=f"{scorer.name} {scorer.version}",
        source_hash=scorer.content_hash,
        threshold=(before.threshold, after.threshold),
        suspect_threshold=(before.suspect_threshold or before.threshold, after.suspect_threshold or after.threshold),
        pooled=float(rates["pooled"]),
        worst=float(rates["worst"]),
        nominal=float(rates["nominal"]),
        wells=tuple(dataclasses.asdict(well) for well in found.wells),
        findings=found.findings,
    )


def _registered(scorer: Scorer, found: Calibration, result: Calibrated, settings: Settings) -> Calibrated:
    """Register the bundle as challenger, with its evidence."""
    evidence = CalibrationEvidence(
        wells={f"{well.name} {well.sha256[:8]}": well.sha256 for well in found.wells},
        tables={"thresholds": found.false_alarms, "calibration": pd.DataFrame(list(result.wells))},
        metrics={"threshold": result.threshold[1], "pooled": result.pooled},
        note=calibration_page(result),
    )
    return result.model_copy(update=register_calibrated(scorer, found.bundle, evidence, settings))
