"""Registration of a calibrated bundle: a run with its evidence, and the version that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from aemodels.bundle.bundle import Bundle
from tasks.scoring.request import Scorer
from tasks.settings import Settings
from tasks.storage.refs import digest_of
from tasks.tracking import (
    EVIDENCE,
    NOTE,
    DatasetRecord,
    RunSpec,
    log_datasets,
    log_document,
    log_metrics,
    log_table,
    register,
    set_tags,
    tracked_run,
)
from tasks.tracking.provenance import flow_tags, run_name
from tasks.training.experiment import CALIBRATE, CALIBRATED_FROM, experiment_name
from tasks.training.record import ABOUT, ALIASES


@dataclass(frozen=True, eq=False)
class CalibrationEvidence:
    """Evidence of a calibration, for the run that the promotion gate reads.

    Args:
        wells: name → sha256 of the files used.
        tables: by name; "thresholds" is needed (see `DetectorStudy.thresholds`).
        metrics: by name.
        note: page of the run and of the version, Markdown.
        more: further entries of the evidence document.
    """

    wells: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame]
    metrics: Mapping[str, float]
    note: str
    more: Mapping[str, Any] = field(default_factory=dict)


def register_calibrated(
    scorer: Scorer, bundle: Bundle, evidence: CalibrationEvidence, settings: Settings
) -> dict[str, Any]:
    """Log the evidence as a run of the bundle's experiment, and register the bundle under it as the challenger.

    Args:
        scorer: of the bundle that it was calibrated from.
        bundle: calibrated.
        evidence: of its calibration.
        settings: address of the tracking store.

    Returns:
        model, version, created and run_id.
    """
    spec, source = bundle.spec, f"{scorer.name} {scorer.version}"
    run = RunSpec(
        experiment=experiment_name(spec),
        name=run_name(CALIBRATE, scorer.name),
        params={"source": source, "source_hash": scorer.content_hash, "wells": len(evidence.wells)},
        tags={"purpose": CALIBRATE, "kind": spec.kind, "role": "experiment", **flow_tags()},
    )
    with tracked_run(settings, run) as handle:
        members = dict(evidence.wells)
        record = DatasetRecord(f"{spec.name}-{CALIBRATE}", CALIBRATE, digest_of(members), members)
        log_datasets(settings, handle.run_id, [record])
        for name, table in evidence.tables.items():
            log_table(settings, handle.run_id, name, table)
        document = {"experiment": spec.name, CALIBRATED_FROM: scorer.content_hash, "bundle": source, **evidence.more}
        log_document(settings, handle.run_id, EVIDENCE, document)
        log_metrics(settings, handle.run_id, evidence.metrics)
        set_tags(settings, handle.run_id, {NOTE: evidence.note})
        with TemporaryDirectory() as temporary:
            target = Path(temporary) / "bundle"
            bundle.save(target)
            notes = {"model": f"{ABOUT[spec.registered_name]}\n\n{ALIASES}", "version": evidence.note}
            name, version, created = register(settings, handle.run_id, target, spec.registered_name, notes)
    return {"model": name, "version": version, "created": created, "run_id": handle.run_id}
