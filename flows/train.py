"""Flow: recordings → fitted contenders, a study, a registered bundle."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact

from aemodels.experiment import ExperimentSpec
from flows.ingest import ingest
from flows.results import TrainResult, denoising_rows, train_markdown
from tasks.compare import study_denoisers, study_detectors
from tasks.experiment import TRAIN, experiment_run, recall, remember, send_waiting
from tasks.prepare import prepare_data
from tasks.record import log_denoising, log_detectors, log_study, register, write_card
from tasks.settings import Settings
from tasks.train import fit


@flow(name="train")
def train(spec: ExperimentSpec, data: str, spec_file: str = "") -> TrainResult:
    """One experiment: every contender fitted and compared on the hold-out, the bundle registered as challenger.

    The same experiment on the same data with the same code is not run again: its earlier result is handed back.

    Args:
        spec: the science.
        data: a file, a folder or a URL.
        spec_file: where the specification was read from, for the record.
    """
    settings = Settings()
    send_waiting(settings)
    dataset = ingest(data)
    prepared = prepare_data(spec, dataset)
    spec = prepared.adapted(spec)
    if (known := recall(spec, prepared, settings)) is not None:
        return TrainResult.model_validate(known)
    with experiment_run(spec, prepared, settings, purpose=TRAIN, spec_file=spec_file) as parent:
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
        findings=prepared.findings,
    )
    remember(result.model_dump(mode="json"), settings)
    create_markdown_artifact(key="trained", markdown=train_markdown(result) + "\n\n" + card)
    return result
