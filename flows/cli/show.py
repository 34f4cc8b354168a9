"""Commands that show information: models, ui, bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.catalogue import kinds
from flows.console import FAILED, OK, answering, reporting

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(models)
    app.command()(ui)
    app.command()(bench)


def models(
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="List the bundles that come with the package instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the kinds of model, noise, fault, detector and threshold, with their parameters."""
    with answering("models", as_json=as_json) as answer:
        if pretrained:
            answer.data = {"pretrained": _pretrained()}
            answer.show("Bundles of this package", answer.data["pretrained"])
            return
        answer.data = {"kinds": kinds()}
        for registry, members in answer.data["kinds"].items():
            answer.show(registry, [row for member in members for row in _rows(member)])


def _pretrained() -> list[dict[str, Any]]:
    from aemodels.bundle.shipped import shipped_bundle, shipped_names

    found = map(shipped_bundle, shipped_names())
    return [
        {"name": one.name, "scores": one.kind, "MB": round(one.bytes / 1e6, 1), "card": str(one.card)} for one in found
    ]


def ui(
    mlflow_port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of MLflow's UI.")] = 5000,
    prefect_port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of Prefect's UI.")] = 4200,
    as_json: Json = False,
) -> None:
    """Start the UIs of MLflow and Prefect on this machine; Ctrl-C ends both."""
    from flows.server.web_pages import Ports, serve_interfaces

    with reporting("ui", as_json=as_json):
        serve_interfaces(Ports(mlflow_port, prefect_port), as_json=as_json)


def bench(  # noqa: PLR0913, PLR0917 - one option each
    repeats: Annotated[int, typer.Option(min=1, max=50, help="Repetitions; the median is reported.")] = 3,
    las: Annotated[Path | None, typer.Option(help="Folder of LAS wells to read as well, up to eight.")] = None,
    bundle: Annotated[
        str | None,
        typer.Option(help="Folder or name of a bundle, e.g. logs-v1: only what it costs to score --file, on one core."),
    ] = None,
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A well or line for --bundle.")] = None,
    tracking: Annotated[
        bool, typer.Option("--tracking", help="Only the cost of logging a whole experiment; takes minutes.")
    ] = False,
    score: Annotated[
        bool, typer.Option("--score", help="Also score an inbox of 1,000 small LAS files; takes minutes.")
    ] = False,
    start: Annotated[
        bool, typer.Option("--start", help="Also how long `sondeflow score` of one well takes besides the scoring.")
    ] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Also the peak memory with lines of 0.25 and 2 GB; takes half an hour.")
    ] = False,
    training: Annotated[
        bool,
        typer.Option("--training", help="Also training beside the published recipe, and its waiting; takes minutes."),
    ] = False,
    guard: Annotated[
        bool,
        typer.Option("--guard", help="Fail only if a ratio is below its bound: slower than it was measured to be."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the benchmarks, each pair side by side; fails if a required ratio (with --guard: a bound) is not reached."""
    with answering("bench", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        if bundle is not None:
            from flows.benchmarks.bundle import benchmark_bundle
            from tasks.scoring.choose_bundle import open_scorer

            if file is None:
                raise typer.BadParameter("--bundle needs --file: a well or a line to score")
            rows = benchmark_bundle(Path(open_scorer(bundle, settings).folder), file, repeats)
        elif tracking:
            from flows.benchmarks.tracking import benchmark_tracking

            rows = benchmark_tracking(repeats)
        else:
            from flows.benchmarks.throughput import benchmark

            rows = benchmark(repeats, las)
        rows += _scoring_rows() if score else []
        rows += _process_rows(start=start, memory=memory)
        rows += _training_rows(repeats) if training else []
        answer.data = {"rows": rows, "repeats": repeats, "machine": _machine()}
        answer.show("Side by side", rows)
        failed = [row for row in rows if (_is_slower(row) if guard else row["verdict"] == "missed")]
        answer.code = FAILED if failed else OK


def _scoring_rows() -> list[dict[str, Any]]:
    from flows.benchmarks.score import drain_row

    return [drain_row()]


def _process_rows(*, start: bool, memory: bool) -> list[dict[str, Any]]:
    from flows.benchmarks.process import memory_row, start_row

    return ([start_row()] if start else []) + ([memory_row()] if memory else [])


def _training_rows(repeats: int) -> list[dict[str, Any]]:
    from flows.benchmarks.training import training_rows

    return training_rows(repeats)


def _is_slower(row: dict[str, Any]) -> bool:
    """Return whether a row falls below its bound; one that has none is judged by its verdict."""
    return bool(row["verdict"] == "missed" if row["bound"] is None else row["ratio"] < row["bound"])


def _machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, system, Python."""
    import os
    import platform

    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _rows(member: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for the kind and one per parameter; contents of nested specifications are in the JSON only."""
    rows: list[dict[str, Any]] = [{"kind": member["kind"], "about": member["about"]}]
    for parameter in member["parameters"]:
        default = parameter["default"]
        shown = "..." if isinstance(default, dict) else default
        rows.append({"parameter": parameter["name"], **parameter, "default": shown})
    columns = ("kind", "parameter", "type", "default", "bounds", "about")
    return [{column: row.get(column) for column in columns} for row in rows]
