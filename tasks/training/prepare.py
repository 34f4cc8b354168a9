"""Recordings in their roles: which files an experiment uses, and the hashes that name its data."""

from __future__ import annotations

from functools import lru_cache

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.experiment.fitted import Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.formats import formats_of
from aemodels.study.steps import adapt, prepare
from tasks.ingest.ingest import Dataset
from tasks.storage.refs import Ref, digest_of, load_recording
from tasks.tracking import DatasetRecord

ROLES = {"train": "training", "validation": "validation", "test": "test"}


class PreparedRef(BaseModel):
    """An experiment's data by reference.

    Args:
        refs: the recordings used.
        names: role → names of its wells or line sections.
        members: role → {name: sha256 of its file}.
        data_sha256: of all contents used.
        holdout_sha256: of the hold-out's contents and sections, its noise and seed.
        curves: what the experiment was left with (see `study.adapt`).
        findings: what was left out, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    refs: tuple[Ref, ...]
    members: dict[str, dict[str, str]]
    data_sha256: str
    holdout_sha256: str
    curves: tuple[str, ...]
    findings: tuple[Finding, ...]

    def adapted(self, spec: ExperimentSpec) -> ExperimentSpec:
        """The specification for this data: without the curves that it cannot train on."""
        return spec.model_copy(update={"curves": self.curves})

    def dataset_records(self, name: str) -> list[DatasetRecord]:
        """The roles as MLflow's datasets."""
        return [
            DatasetRecord(f"{name}-{role}", ROLES[role], digest_of(members), members)
            for role, members in self.members.items()
        ]


@task(name="prepare", cache_policy=NO_CACHE)
def prepare_data(spec: ExperimentSpec, dataset: Dataset) -> PreparedRef:
    """Choose, split and normalise; what is handed on are references.

    Raises:
        SpecError: if no file, or too few, can be used.
    """
    files = [file for file in dataset.usable if file.kind == spec.kind]
    if not files:
        raise SpecError(
            f"{len(dataset.files)} files, {len(dataset.usable)} readable, none of kind {spec.kind}; expected "
            f"{formats_of(spec.kind)} files for experiment {spec.name}; see `sondeflow check`"
        )
    refs = tuple(file.ref for file in files if file.ref is not None)
    spec, taken_out = adapt(spec, [load_recording(ref) for ref in refs])
    prepared = load_prepared(spec, refs)
    members = {role: {r.name: r.source.sha256 for r in getattr(prepared.split, role)} for role in ROLES}
    conditions = [condition.model_dump(mode="json") for condition in spec.test_conditions]
    return PreparedRef(
        refs=refs,
        members=members,
        data_sha256=digest_of(members),
        holdout_sha256=digest_of([members["test"], conditions, spec.seed, spec.curves]),
        curves=spec.curves,
        findings=taken_out + prepared.findings + _left_out(dataset, spec),
    )


def load_prepared(spec: ExperimentSpec, refs: tuple[Ref, ...]) -> Prepared:
    """The data behind references; kept for the next task of the same experiment in this process."""
    return _prepared(spec.model_dump_json(), refs)


@lru_cache(maxsize=2)
def _prepared(spec: str, refs: tuple[Ref, ...]) -> Prepared:
    return prepare(ExperimentSpec.model_validate_json(spec), [load_recording(ref) for ref in refs])


def _left_out(dataset: Dataset, spec: ExperimentSpec) -> tuple[Finding, ...]:
    """Files that were not even offered to the experiment, one finding each."""
    findings = []
    for file in dataset.files:
        if file.ref is None:
            reasons = "; ".join(f"[{finding.code}] {finding.found}" for finding in file.findings) or "unreadable"
            remedy = "; ".join(finding.remedy for finding in file.findings) or "leave it out"
            findings.append(Finding("warning", "left-out", file.path, reasons, f"a {spec.kind} file", remedy))
        elif file.kind != spec.kind:
            found = f"a {file.kind} file"
            findings.append(Finding("info", "other-kind", file.path, found, f"a {spec.kind} file", "none needed"))
    return tuple(findings)
