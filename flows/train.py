"""Flow: fitting of contenders, their comparison, and registration of a bundle."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from aemodels.experiment.spec import ExperimentSpec
from flows.catalogue import load_spec
from flows.ingest import PATHS, DataPaths, IngestRequest, ingest
from flows.results import TrainResult, denoising_rows, train_markdown
from flows.runners.from_settings import settings_runner
from tasks.review.labelled import label_wells
from tasks.settings import Settings
from tasks.training.compare import study_denoisers, study_detectors
from tasks.training.experiment import TRAIN, experiment_run, load_result, save_result, send_waiting
from tasks.training.prepare import prepare_data
from tasks.training.record import log_denoising, log_detectors, log_study, register, write_card
from tasks.training.start import resolve
from tasks.training.train import fit


class TrainRequest(BaseModel):
    """Request to train an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: str | ExperimentSpec = Field(
        default="logs",
        description="a shipped experiment (logs, seismic, demo-logs, demo-seismic), a YAML file, or a specification",
    )
    data: DataPaths = Field(default=("data/raw",), min_length=1, max_length=1000, description=PATHS)
    start_from: str | None = Field(
        default=None,
        max_length=4096,
        description="bundle whose networks are trained further: one of the package (logs-v1), a folder, or "
        "models:/NAME/VERSION; default: as in the specification, else training from nothing",
    )
    all_networks: bool = Field(
        default=False, description="also train the networks that the bundle to start from lacks, from nothing"
    )
    reviews: bool = Field(
        default=False,
        description="take what reviewers called a fault for no example of clean readings, and rejected flags for one",
    )
    spec_file: str = Field(
        default="", max_length=4096, description="path that the specification was read from; logged as a tag"
    )

    @property
    def experiment(self) -> ExperimentSpec:
        """The specification, loaded if it is given by name, with the bundle to start from."""
        spec = load_spec(self.spec) if isinstance(self.spec, str) else self.spec
        spec = spec if self.start_from is None else spec.starting_from(self.start_from)
        return spec.with_all_networks() if self.all_networks else spec

    @property
    def origin(self) -> str:
        """Name or path that the specification was read from, "" if unknown."""
        return self.spec if isinstance(self.spec, str) else self.spec_file


@flow(name="train", task_runner=settings_runner(), timeout_seconds=24 * 3600)
def train(request: TrainRequest) -> TrainResult:
    """Fit every contender, compare them on the hold-out, and register the bundle as challenger.

    The same experiment on the same data with the same code is not repeated; its earlier result is returned.

    Args:
        request: experiment and data.
    """
    settings = Settings()
    send_waiting(settings)
    spec = resolve(request.experiment, settings)
    dataset = ingest(IngestRequest(path=request.data))
    if request.reviews:
        dataset = label_wells(dataset, settings)
    prepared = prepare_data(spec, dataset, settings)
    spec = prepared.adapted(spec)
    if (known := load_result(spec, prepared, settings)) is not None:
        return TrainResult.model_validate(known)
    with experiment_run(spec, prepared, settings, purpose=TRAIN, spec_file=request.origin) as parent:
        names = [contender.name for contender in spec.contenders]
        fits = fit.map(unmapped(spec), names, unmapped(prepared), unmapped(parent), unmapped(settings)).result()
        denoisers = study_denoisers(spec, prepared, fits, settings)
        detectors = study_detectors(spec, prepared, fits, settings)
        log_study(denoisers, parent, settings)
        log_study(detectors, parent, settings)
        metrics = log_denoising(spec, denoisers, fits, parent, settings)
        metrics |= log_detectors(spec, detectors, parent, settings)
        card = write_card(spec, prepared, (denoisers, detectors), parent, settings)
        model = register(spec, detectors, card, parent, settings)
    result = TrainResult(
        run_id=parent.run_id,
        address=parent.address,
        experiment=parent.experiment,
        model=model.name,
        version=model.version,
        created=model.created,
        default=spec.default,
        winner=detectors.summary()["winner"],
        metrics=metrics,
        denoising=denoising_rows(denoisers),
        fits={fitted.contender: round(fitted.seconds, 2) for fitted in fits},
        roles={role: sorted(members) for role, members in prepared.members.items()},
        findings=prepared.findings + tuple(finding for fitted in fits for finding in fitted.findings),
    )
    save_result(result.model_dump(mode="json"), settings)
    create_markdown_artifact(key="trained", markdown=train_markdown(result) + "\n\n" + card)
    return result
