"""Comparison of contenders and detectors; a study is a folder of tables and figures, named by a hash of its inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.evaluate.denoising.compare import summarise_denoising
from aemodels.evaluate.denoising.wide_tables import false_alarms_by_well, wide_tables
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study.steps import compare_denoisers, diagnose_denoisers
from tasks.settings import Settings
from tasks.storage.code_version import STUDYING, code_hash
from tasks.storage.folders import mark_used, whole_folder
from tasks.storage.refs import digest_of
from tasks.training.prepare import PreparedRef, load_prepared, load_started
from tasks.training.train import FitRef

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "summary.json"
EMBEDDINGS = "embeddings"


class StudyRef(BaseModel):
    """Reference to a study: a folder with tables/*.csv, figures/*.png, summary.json, bundle/ or embeddings/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str

    @property
    def path(self) -> Path:
        return Path(self.uri)

    @property
    def bundle(self) -> Path:
        """Folder of the assembled bundle (studies of detectors)."""
        return self.path / "bundle"

    def table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.read_csv(self.path / "tables" / f"{name}.csv")

    def tables(self) -> list[str]:
        return sorted(path.stem for path in (self.path / "tables").glob("*.csv"))

    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.path / SUMMARY).read_text(encoding="utf-8")))


@task(name="compare-denoisers", cache_policy=NO_CACHE)
def study_denoisers(spec: ExperimentSpec, data: PreparedRef, fits: Sequence[FitRef], settings: Settings) -> StudyRef:
    """Compare every contender on the hold-out under every test condition."""

    def make(folder: Path) -> None:
        from tasks.training.figures import denoising_figures, save_figures
        from tasks.training.latent import latent_study

        prepared = load_prepared(spec, data.refs)
        fitted = {ref.contender: ref.load(spec) for ref in fits}
        table = compare_denoisers(spec, prepared, fitted)
        summary = summarise_denoising(table)
        evidence = diagnose_denoisers(spec, prepared, fitted, table)
        latent = latent_study(spec, prepared, {name: one.denoiser for name, one in fitted.items()})
        _write_tables(folder, {"denoising": table, "denoising_summary": summary, **evidence, **latent.tables})
        latent.save_embeddings(folder / EMBEDDINGS)
        _write_summary(folder, {"default": spec.default, "holdout_sha256": data.holdout_sha256})
        default = fitted.get(spec.default) or next(iter(fitted.values()))
        figures = denoising_figures(spec, prepared, default.denoiser, summary)
        save_figures({**figures, **latent.figures}, folder / "figures")

    return _study(["denoisers"], spec, fits, settings, make)


@task(name="compare-detectors", cache_policy=NO_CACHE)
def study_detectors(spec: ExperimentSpec, data: PreparedRef, fits: Sequence[FitRef], settings: Settings) -> StudyRef:
    """Compare the detectors on injected faults and the thresholds on clean data; assemble the bundle with the best."""

    def make(folder: Path) -> None:
        from aemodels.evaluate.detection.compare import compare_detectors
        from aemodels.study.steps import assemble
        from tasks.training.figures import detector_figures, save_figures, scored_figures

        prepared = load_started(spec, data.refs, settings)
        fitted = {ref.contender: ref.load(spec) for ref in fits}
        study = compare_detectors(spec, prepared, {name: one.denoiser for name, one in fitted.items()})
        tables = {
            "anomalies": study.totals,
            "anomalies_all_rows": study.all_rows,
            "detectors": study.table,
            "faults": study.kinds,
            "thresholds": study.thresholds,
            "confusion": study.confusion,
            "leave_one_kind_out": study.leave_one_kind_out,
            "bad_hole": study.bad_hole,
            "generalisation": study.generalisation,
            "false_alarms_elsewhere": study.elsewhere_alarms,
        }
        names = [section.name for section in prepared.test]
        alarms = false_alarms_by_well(study.thresholds, study.test_scores, names, specs=spec.anomalies.levels)
        _write_tables(folder, {**tables, "false_alarms_by_well": alarms})
        bundle = assemble(spec, prepared, fitted, study)
        bundle.save(folder / "bundle")
        _write_summary(
            folder, {"winner": study.winner, "threshold": study.threshold, "bundle_sha256": bundle.content_hash}
        )
        figures = {**detector_figures(study, alarms), **scored_figures(spec, prepared, bundle)}
        save_figures(figures, folder / "figures")

    return _study(["detectors", *data.label_keys], spec, fits, settings, make)


def _study(
    key: Sequence[str], spec: ExperimentSpec, fits: Sequence[FitRef], settings: Settings, make: Callable[[Path], None]
) -> StudyRef:
    name, *labels = key
    digest = digest_of([name, spec.science, sorted(ref.key for ref in fits), code_hash(STUDYING), *labels])
    folder = settings.studies_dir / digest
    if not folder.is_dir():
        with whole_folder(folder) as filling:
            make(filling)
    mark_used(folder)
    return StudyRef(uri=str(folder))


def _write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    (folder / "tables").mkdir()
    for name, table in {**tables, **wide_tables(tables)}.items():
        if len(table.columns) and len(table):  # empty tables are not written
            table.to_csv(folder / "tables" / f"{name}.csv", index=False)


def _write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
