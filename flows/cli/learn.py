"""Commands that train and promote: demo, train, compare, sweep, promote, upload, scratch."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.catalogue import load_spec, model_name
from flows.cli.check import Positions, settings_with
from flows.cli.compare_files import compare_two_files
from flows.console import FAILED, Answer, BadUsageError, answering

if TYPE_CHECKING:
    from tasks.settings import Settings
    from tasks.training.promote import Decision

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
SpecName = Annotated[
    str, typer.Argument(metavar="SPEC", help="logs, seismic, family, family-seismic, unseen, demo-… or a YAML file.")
]
Data = Annotated[
    list[str],
    typer.Option("--data", metavar="PATH", help="A file, a folder or a URL (s3://bucket/prefix); repeatable."),
]
OptionalData = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="PATH", help="A file, a folder or a URL (s3://bucket/prefix); repeatable."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set one value of the experiment, e.g. seed=7; repeatable."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(demo)
    app.command()(train)
    app.command()(compare)
    app.command()(sweep)
    app.command()(promote)
    app.command()(upload)
    app.command()(scratch)


def demo(as_json: Json = False) -> None:
    """Run the whole workflow on a few real wells and a line: score, train, compare, promote, and measure drift."""
    with answering("demo", as_json=as_json) as answer:
        settings = environment()
        from flows.demo import demo as flow
        from flows.environment import run_flow

        result = run_flow(flow, settings)
        answer.data = result.model_dump(mode="json")
        answer.code = 0 if result.as_expected else FAILED
        for trained in result.trained:
            answer.show(f"{trained.model} v{trained.version}: gain on the hold-out (dB)", trained.denoising)
        for decision in result.decisions:
            _show_verdict(answer, decision)
        answer.show("Injected faults that were found", result.faults)
        for line in result.lines():
            answer.say(line)


def train(  # noqa: PLR0913, PLR0917 - one option each
    spec: SpecName,
    data: Data,
    header_positions: Positions = None,
    start_from: Annotated[
        str | None,
        typer.Option("--start-from", metavar="REF", help="Bundle whose networks are trained further, e.g. logs-v1."),
    ] = None,
    all_networks: Annotated[
        bool, typer.Option("--all-networks", help="With a start: also train the networks that the bundle lacks.")
    ] = False,
    bundle_to: Annotated[
        Path | None,
        typer.Option("--bundle-to", help="Also write the bundle to this folder, which must be new or empty."),
    ] = None,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Rejected flags are examples of clean readings, accepted ones are not.")
    ] = False,
    changes: Changes = None,
    as_json: Json = False,
) -> None:
    """Train all contenders, compare them on the hold-out, and register the bundle as challenger."""
    with answering("train", as_json=as_json) as answer:
        refuse_filled(bundle_to)
        experiment = load_spec(spec, changes or ())
        settings = environment(header_positions)
        from flows.environment import run_flow
        from flows.train import TrainRequest
        from flows.train import train as flow
        from tasks.tracking import PENDING

        request = TrainRequest(
            spec=experiment,
            data=tuple(data),
            start_from=start_from,
            all_networks=all_networks,
            reviews=reviews,
            spec_file=str(spec),
        )
        result = run_flow(flow, settings, request=request)
        answer.data = result.model_dump(mode="json")
        answer.show(f"{experiment.name}: gain on the hold-out (dB)", result.denoising)
        answer.show("Metrics", [{"metric": key, "value": value} for key, value in result.metrics.items()])
        for finding in result.findings:
            answer.say(str(finding))
        if result.version == PENDING:
            answer.code = FAILED
            answer.say(not_sent(settings))
            return
        answer.say(f"{result.model} v{result.version} {'registered' if result.created else 'was registered before'}")
        answer.say(f"run {result.run_id} in {result.experiment}; `sondeflow ui` shows it at {result.address}")
        if bundle_to is not None:
            _copy_bundle(result.model, result.version, bundle_to, settings)
            answer.say(f"bundle: {bundle_to}")
        answer.say(f"next: sondeflow promote {result.model}")


def refuse_filled(folder: Path | None) -> None:
    """Raise a usage error before hours of work if a bundle could not be written to a folder."""
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise BadUsageError(f"{folder} is not empty; a bundle is never overwritten: choose a new folder")


def _copy_bundle(model: str, version: str, target: Path, settings: Settings) -> None:
    import shutil

    from tasks.tracking import download_bundle, get

    shutil.copytree(download_bundle(settings, get(settings, f"models:/{model}/{version}")), target, dirs_exist_ok=True)


def compare(  # noqa: PLR0913, PLR0917 - one option each
    what: Annotated[
        Literal["denoise", "anomalies", "files"],
        typer.Argument(help="Denoisers, anomaly detectors, or two files of one well."),
    ],
    spec: Annotated[str, typer.Argument(metavar="SPEC|FILE", help="An experiment as for train; the first file.")],
    other: Annotated[Path | None, typer.Argument(metavar="FILE", help="The second file.", show_default=False)] = None,
    data: OptionalData = None,
    out: Annotated[Path, typer.Option("--out", metavar="HTML", help="Page to write about two files.")] = Path(
        "compare.html"
    ),
    header_positions: Positions = None,
    changes: Changes = None,
    as_json: Json = False,
) -> None:
    """Compare contenders on held-out wells or line sections and log the tables, or two files of one well on a page."""
    if what == "files":
        return compare_two_files(Path(spec), other, out, as_json=as_json)
    with answering("compare", as_json=as_json) as answer:
        if not data or other is not None:
            raise BadUsageError(f"compare {what} SPEC --data PATH: expected one SPEC, and --data at least once")
        experiment = load_spec(spec, changes or ())
        settings = environment(header_positions)
        from flows.compare import compare as flow
        from flows.environment import run_flow

        result = run_flow(flow, settings, what=what, spec=experiment, data=tuple(data))
        answer.data = result.model_dump(mode="json")
        for name, rows in result.tables.items():
            if len(rows) <= 60:
                answer.show(name, rows)
        answer.say(f"run {result.run_id} in {result.experiment}; `sondeflow ui` shows it at {result.address}")


def sweep(  # noqa: PLR0913, PLR0917 - one option each
    spec: SpecName,
    data: Data,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="Total number of trials; default: as in the spec.")
    ] = None,
    header_positions: Positions = None,
    changes: Changes = None,
    as_json: Json = False,
) -> None:
    """Search the parameters of a contender given in section sweep of the spec, evaluated on validation wells."""
    with answering("sweep", as_json=as_json) as answer:
        experiment = load_spec(spec, changes or ())
        settings = environment(header_positions)
        from flows.environment import run_flow
        from flows.sweep import SweepRequest
        from flows.sweep import sweep as flow

        result = run_flow(flow, settings, request=SweepRequest(spec=experiment, data=tuple(data), trials=trials))
        answer.data = result.model_dump(mode="json")
        answer.show(f"{experiment.name}: parameters of {result.contender}", result.rows())
        answer.say(f"winner: trial {result.winner.number}, {result.winner.values}")
        answer.say(f"its experiment is winner.yaml of run {result.run_id}; `sondeflow ui` shows it at {result.address}")


def promote(
    name: Annotated[str, typer.Argument(help="sondeflow-logs (or logs), sondeflow-seismic (or seismic).")],
    version: Annotated[
        str | None, typer.Option("--version", help="Version to evaluate; default: the challenger.")
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Restore the previous champion; a second rollback reverses the first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Evaluate a version on the frozen hold-out; if it passes the promotion gate, it becomes champion."""
    with answering("promote", as_json=as_json) as answer:
        model = model_name(name)
        if rollback and version:
            raise BadUsageError("--rollback takes no --version; it restores the previous champion")
        settings = environment()
        from flows import promote as flows
        from flows.environment import run_flow

        if rollback:
            done = run_flow(flows.rollback, settings, name=model)
            answer.data = done.model_dump(mode="json")
            answer.say(f"{model} v{done.champion} is champion again; v{done.withdrawn} was withdrawn")
            return
        request = flows.PromoteRequest.model_validate({"name": model, "version": version})
        decision = run_flow(flows.promote, settings, request=request)
        answer.data = decision.model_dump(mode="json")
        answer.code = 0 if decision.accepted else FAILED
        _show_decision(answer, decision)


def upload(as_json: Json = False) -> None:
    """Send runs that were recorded while MLflow was unavailable; runs that are there already are not changed."""
    with answering("upload", as_json=as_json) as answer:
        settings = environment()
        from tasks.tracking import send_pending

        runs = send_pending(settings)
        answer.data = {"runs": [asdict(run) for run in runs], "waiting": sum(not run.sent for run in runs)}
        answer.show("Runs", answer.data["runs"])
        if answer.data["waiting"]:
            answer.code = FAILED
            answer.say(not_sent(settings))
        else:
            answer.say(f"{len(runs)} runs sent; none left to send")


def scratch(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the lines; the spiral uses the published seed.")] = 20,
    as_json: Json = False,
) -> None:
    """Train autoencoders in plain NumPy, compare them with published results, and log figures to MLflow."""
    with answering("scratch", as_json=as_json) as answer:
        settings = environment()
        from flows.environment import run_flow
        from flows.scratch import scratch as flow

        result = run_flow(flow, settings, seed=seed)
        answer.data = {"met": result.matches, **result.model_dump(mode="json")}
        answer.code = 0 if result.matches else FAILED
        answer.show("Compared with reference values", [check.model_dump() for check in result.answers])
        for run in result.runs:
            answer.say(f"run {run.run_id}; `sondeflow ui` shows it at {run.address}")


def _show_decision(answer: Answer, decision: Decision) -> None:
    answer.show(f"Gate of {decision.name} v{decision.version} (dB)", decision.rows)
    answer.show("False alarms on the clean hold-out, shares of rows", decision.false_alarms)
    answer.show("The combination of detectors against its best member", decision.combination)
    answer.show("Reviewed wells, and injected faults in others", decision.reviewed)
    _show_verdict(answer, decision)


def _show_verdict(answer: Answer, decision: Decision) -> None:
    for reason in decision.reasons:
        answer.say(f"not met: {reason}")
    answer.say(f"{decision.name} v{decision.version} {'is champion' if decision.accepted else 'stays challenger'}")


def not_sent(settings: Settings) -> str:
    """Return what to do once the tracking store responds."""
    return (
        f"MLflow at {settings.tracking_uri} does not respond; all results are kept in "
        f"{settings.home / 'spool'}. Once it responds: sondeflow upload (the next `sondeflow train` sends them too)"
    )


def environment(header_positions: str | None = None) -> Settings:
    """Return the settings of a command that runs a flow, with everything that flows read from the environment set."""
    from flows.environment import prepare_environment

    settings = settings_with(header_positions)
    if header_positions is not None:  # flows read their settings from the environment
        os.environ["SONDEFLOW_HEADER_POSITIONS"] = header_positions
    prepare_environment(settings)
    return settings
