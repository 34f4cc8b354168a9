"""Commands that plan: plan, and plan measure."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.console import BadUsageError, answering

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
MAX_WORKERS, MAX_WELLS, MAX_TERABYTES = 2000, 100_000_000, 100_000.0
Price = Annotated[float | None, typer.Option(min=0.0, help="Price, in your currency; without it, no money.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(plan)
    group.command("measure")(measure)
    app.add_typer(group, name="plan")


def plan(  # noqa: PLR0913, PLR0917 - one option each
    context: typer.Context,
    wells: Annotated[int, typer.Option(min=0, max=MAX_WELLS, help="Files of well logs.")] = 0,
    tb: Annotated[float, typer.Option(min=0.0, max=MAX_TERABYTES, help="Terabytes of large SEG-Y lines.")] = 0.0,
    workers: Annotated[int, typer.Option(min=1, max=MAX_WORKERS, help="Single-threaded Dask workers.")] = 1,
    cores: Annotated[int, typer.Option(min=1, max=1024, help="Cores of each machine of workers.")] = 4,
    per_machine: Annotated[int, typer.Option(min=0, help="Workers on each machine; 0 = one per core.")] = 0,
    head_cores: Annotated[int, typer.Option(min=1, help="Cores of the machine of flow, server and ledger.")] = 4,
    one_machine: Annotated[
        bool, typer.Option("--one-machine", help="`sondeflow score` on one machine of --cores, without a server.")
    ] = False,
    running: Annotated[bool, typer.Option("--running", help="Server and workers are running already.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, max=100.0, help="Of a core, in those of the measured machine.")] = 1,
    files_per_run: Annotated[int, typer.Option(min=0, help="Wells that a run scores at most; 0 = all.")] = 0,
    files_per_task: Annotated[int, typer.Option(min=1, max=1000, help="Wells per task (SONDEFLOW_BATCH).")] = 32,
    object_store: Annotated[
        bool, typer.Option("--object-store", help="Files are read from and written to one.")
    ] = False,
    measured: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Costs to plan with, from `sondeflow plan measure --out`."),
    ] = None,
    instance_hour: Price = None,
    head_hour: Price = None,
    egress_gb: Price = None,
    thousand_requests: Price = None,
    as_json: Json = False,
) -> None:
    """Predict duration, next bottleneck and money of scoring an archive on many workers, from measured costs."""
    if context.invoked_subcommand is not None:
        return
    with answering("plan", as_json=as_json) as answer:
        if not (wells or tb):
            raise BadUsageError("nothing to plan: give --wells, --tb or both")
        from tasks.capacity.cluster import Cluster, Work
        from tasks.capacity.constants import read_constants
        from tasks.capacity.estimate import Prices, estimate

        constants = read_constants(measured)
        work = Work(wells, tb, files_per_run, files_per_task)
        cluster = Cluster(workers, cores, per_machine, one_machine, head_cores, speed, running, object_store)
        found = estimate(work, cluster, constants, Prices(instance_hour, head_hour, egress_gb, thousand_requests))
        answer.data = {
            **found.to_dict(),
            "work": dataclasses.asdict(work),
            "cluster": dataclasses.asdict(cluster),
            "constants": constants.model_dump(),
        }
        answer.show("Prediction", [{"what": name, "value": value} for name, value in _rows(found)])
        answer.show("Shared by the workers", [dataclasses.asdict(one) for one in found.shared])
        answer.say(f"next bottleneck: {found.bottleneck}")
        answer.say(f"costs of: {constants.machine}; explained in docs/explanation/scale.md")


def _rows(found: Any) -> list[tuple[str, str]]:
    money = {f"money, {name}": f"{value:,.2f}" for name, value in found.money.items()}
    return [
        ("duration", _duration(found.seconds)),
        ("runs", str(found.runs)),
        ("machines", str(found.machines)),
        ("processor time, hours", f"{found.core_hours:,.1f}"),
        ("share of the workers' time that scores", f"{found.efficiency:.0%}"),
        ("read, written, GB", f"{found.read_gb:,.1f}, {found.written_gb:,.1f}"),
        ("requests to the object store", f"{found.requests:,.0f}"),
        *(money or {"money": "no prices given (--instance-hour and others)"}).items(),
    ]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d} h"


def measure(  # noqa: PLR0913, PLR0917 - one option each
    inbox: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of wells, 100 or more.")],
    out: Annotated[Path, typer.Option("--out", help="File of measurements to write (JSON).")],
    workers: Annotated[str, typer.Option(help="Numbers of workers to measure, with 1 and 2 among them.")] = "1,2,4",
    line: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="SEG-Y of 64 MiB or more.")] = None,
    bundle: Annotated[str, typer.Option("--bundle", help="Bundle that scores the wells.")] = "logs-v1",
    flow: Annotated[bool, typer.Option("--flow", help="Also measure flows with a Prefect server.")] = False,
    as_json: Json = False,
) -> None:
    """Measure the costs of this machine by scoring an inbox on Dask, and compare the clock with predictions."""
    with answering("plan measure", as_json=as_json) as answer:
        try:
            counts = tuple(sorted({int(part) for part in workers.split(",")}))
        except ValueError as error:
            raise BadUsageError(f"--workers is {workers!r}; expected numbers, e.g. 1,2,4") from error
        if not {1, 2} <= set(counts) or counts[0] < 1:
            raise BadUsageError(
                f"--workers is {workers!r}; costs are those of 1 worker, and predictions need 2 to compare"
            )
        from flows.benchmarks.scaling import measure_scaling

        found = measure_scaling(inbox.resolve(), counts, bundle=bundle, line=line and line.resolve(), flow=flow)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        answer.data = found
        answer.show("Measured and predicted", found["comparison"])
        answer.say(f"written: {out}; use it with `sondeflow plan --measured {out}`")
