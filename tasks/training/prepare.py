"""Recordings of an experiment by role, and the hashes that identify its data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording
from aemodels.experiment.fitted import Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.formats import formats_of
from aemodels.signal.split import basin_of
from aemodels.study.start import left_out_finding, unseen, with_start
from aemodels.study.steps import adapt, prepare
from tasks.ingest.ingest import Dataset
from tasks.settings import Settings
from tasks.storage.refs import Ref, digest_of, load_recording
from tasks.tracking import DatasetRecord
from tasks.training.start import start_bundle

ELSEWHERE = "elsewhere"
# Role → its context in MLflow.
CONTEXTS = {"train": "training", "validation": "validation", "test": "test", ELSEWHERE: "training of detectors"}


class PreparedRef(BaseModel):
    """Reference to an experiment's data.

    Args:
        refs: the recordings used.
        members: role → {name of a well or line section: sha256 of its file}.
        data_sha256: hash over all contents used.
        holdout_sha256: hash over the hold-out's contents, its noise and the seed.
        labels_sha256: hash over the labels of reviewers that the recordings carry; "" if they carry none.
        curves: curves that remain after `study.steps.adapt`.
        findings: what was excluded, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    refs: tuple[Ref, ...]
    members: dict[str, dict[str, str]]
    data_sha256: str
    holdout_sha256: str
    curves: tuple[str, ...]
    findings: tuple[Finding, ...]
    labels_sha256: str = ""

    def found_in(self, store: Path) -> PreparedRef:
        """Return the references with their paths in this store, if the home folder was moved."""
        return self.model_copy(update={"refs": tuple(ref.found_in(store) for ref in self.refs)})

    def adapted(self, spec: ExperimentSpec) -> ExperimentSpec:
        """Return the specification without the curves that this data does not contain sufficiently."""
        return spec.model_copy(update={"curves": self.curves})

    @property
    def label_keys(self) -> list[str]:
        """Part of the key of a result that depends on the labels of reviewers; empty without labels."""
        return [self.labels_sha256] if self.labels_sha256 else []

    def dataset_records(self, name: str) -> list[DatasetRecord]:
        """Return the roles as MLflow datasets."""
        return [
            DatasetRecord(f"{name}-{role}", CONTEXTS[role], digest_of(members), members)
            for role, members in self.members.items()
        ]


@task(name="prepare", cache_policy=NO_CACHE)
def prepare_data(spec: ExperimentSpec, dataset: Dataset, settings: Settings) -> PreparedRef:
    """Select, split and normalise recordings; return references to them.

    Recordings that the bundle which the experiment starts from has seen are left out.

    Args:
        spec: the experiment, its start resolved.
        dataset: files that were read.
        settings: the registry that may hold the bundle.

    Raises:
        SpecError: if too few files can be used.
    """
    files = [file for file in dataset.usable if file.kind == spec.kind]
    if not files:
        raise SpecError(
            f"{len(dataset.files)} files, {len(dataset.usable)} readable, none of kind {spec.kind}; expected "
            f"{formats_of(spec.kind)} files for experiment {spec.name}; see `sondeflow check`"
        )
    refs, seen = _unseen(spec, tuple(file.ref for file in files if file.ref is not None), settings)
    spec, taken_out = adapt(spec, [load_recording(ref) for ref in refs])
    prepared = load_prepared(spec, refs)
    members = {role: _by_name(getattr(prepared.split, role)) for role in CONTEXTS if role != ELSEWHERE}
    if prepared.split.elsewhere:
        members[ELSEWHERE] = _by_basin(prepared.split.elsewhere)
    conditions = [condition.model_dump(mode="json") for condition in spec.test_conditions]
    labels = [dataset.labels_sha256] if dataset.labels_sha256 else []
    return PreparedRef(
        refs=refs,
        members=members,
        data_sha256=digest_of(members),
        holdout_sha256=digest_of([members["test"], conditions, spec.seed, spec.curves, *labels]),
        labels_sha256=dataset.labels_sha256,
        curves=spec.curves,
        findings=left_out_finding(spec) + seen + taken_out + prepared.findings + _left_out(dataset, spec),
    )


def _unseen(
    spec: ExperimentSpec, refs: tuple[Ref, ...], settings: Settings
) -> tuple[tuple[Ref, ...], tuple[Finding, ...]]:
    """Return the recordings that the experiment's start has not seen, and a finding for each of the others."""
    bundle = start_bundle(spec, settings)
    if bundle is None:
        return refs, ()
    recordings = [load_recording(ref) for ref in refs]
    found, findings = unseen(bundle, recordings)
    if not found:
        raise SpecError(
            f"all {len(refs)} {spec.kind} files are files of the training of {bundle.name}; expected wells or lines "
            "that it has not seen, or training from nothing"
        )
    kept = {recording.source.sha256 for recording in found}
    pairs = zip(refs, recordings, strict=True)
    return tuple(ref for ref, recording in pairs if recording.source.sha256 in kept), tuple(findings)


def _by_name(recordings: Sequence[Recording]) -> dict[str, str]:
    """Return name → sha256; a name that several files of a well share gets the file's name added."""
    counts = Counter(recording.name for recording in recordings)
    return {
        r.name if counts[r.name] == 1 else f"{r.name} [{r.source.path.name} {r.source.sha256[:8]}]": r.source.sha256
        for r in recordings
    }


def _by_basin(recordings: Sequence[Recording]) -> dict[str, str]:
    """Return "basin/name" → sha256: detectors leave whole basins out, so that the basin belongs to the data."""
    basins = {basin_of(recording) for recording in recordings}
    return {
        f"{basin}/{name}": sha256
        for basin in sorted(basins)
        for name, sha256 in _by_name([one for one in recordings if basin_of(one) == basin]).items()
    }


def load_prepared(spec: ExperimentSpec, refs: tuple[Ref, ...]) -> Prepared:
    """Load the referenced data; it is cached for the next task of the same experiment in this process."""
    return _prepared(spec.model_dump_json(), refs)


def load_started(spec: ExperimentSpec, refs: tuple[Ref, ...], settings: Settings) -> Prepared:
    """Load the referenced data with the fitted networks that those of the experiment start from, to fit it."""
    return with_start(spec, load_prepared(spec, refs), start_bundle(spec, settings))


@lru_cache(maxsize=2)
def _prepared(spec: str, refs: tuple[Ref, ...]) -> Prepared:
    return prepare(ExperimentSpec.model_validate_json(spec), [load_recording(ref) for ref in refs])


def _left_out(dataset: Dataset, spec: ExperimentSpec) -> tuple[Finding, ...]:
    """Return a finding per file that was excluded before the experiment."""
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
