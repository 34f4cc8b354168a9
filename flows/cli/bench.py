"""Commands that measure: bench, and bench labels."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.console import FAILED, OK, BadUsageError, answering

if TYPE_CHECKING:
    from tasks.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
SHOWN = ("curve", "kind", "faults", "found", "recall", "low", "high", "sound", "wrong", "precision", "f1")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(bench)
    group.command("labels")(labels)
    app.add_typer(group, name="bench")


def bench(  # noqa: PLR0913, PLR0917 - one option each
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
    with answering("bench", as_json=as_json) as answer:
        from flows.benchmarks.machine import machine
        from flows.environment import prepare_environment
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        if bundle is not None:
            if file is None:
                raise BadUsageError("--bundle needs --file: a well or a line to score")
            rows = _bundle_rows(bundle, file, repeats, settings)
        elif tracking:
            from flows.benchmarks.tracking import benchmark_tracking

            rows = benchmark_tracking(repeats)
        else:
            rows = _throughput_rows(las, repeats, settings)
        rows += _scoring_rows() if score else []
        rows += _process_rows(start=start, memory=memory)
        rows += _training_rows(repeats) if training else []
        answer.data = {"rows": rows, "repeats": repeats, "machine": machine()}
        answer.show("Side by side", rows)
        failed = [row for row in rows if (_is_slower(row) if guard else row["verdict"] == "missed")]
        answer.code = FAILED if failed else OK


def _bundle_rows(bundle: str, file: Path, repeats: int, settings: Settings) -> list[dict[str, Any]]:
    from flows.benchmarks.bundle import benchmark_bundle
    from tasks.ingest.check import require_readable
    from tasks.scoring.choose_bundle import open_scorer

    require_readable([file], settings)
    return benchmark_bundle(Path(open_scorer(bundle, settings).folder), file, repeats)


def _throughput_rows(las: Path | None, repeats: int, settings: Settings) -> list[dict[str, Any]]:
    from flows.benchmarks.throughput import benchmark, field_wells
    from tasks.ingest.check import require_readable

    if las is not None:
        require_readable(field_wells(las), settings)
    return benchmark(repeats, las)


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


def labels(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of reviews (*.json).")],
    outbox: Annotated[
        Path | None, typer.Option("--outbox", help="Folder that `sondeflow score` wrote to: its flags are scored.")
    ] = None,
    intervals: Annotated[
        Path | None,
        typer.Option("--intervals", metavar="CSV", help="Another detector: well, curve, top, base, reason."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score the intervals of any detector against a folder of reviews, by curve and kind of fault."""
    with answering("bench labels", as_json=as_json) as answer:
        if (outbox is None) == (intervals is None):
            raise BadUsageError("give either --outbox or --intervals: the flags to be scored")
        from tasks.review.benchmark import benchmark_csv, benchmark_outbox, read_reviews

        reviews = read_reviews(folder)
        if outbox is not None:
            found = benchmark_outbox(reviews, outbox)
        else:
            assert intervals is not None
            found = benchmark_csv(reviews, intervals)
        answer.data = dataclasses.asdict(found)
        answer.show(
            f"Labels of {found.wells} wells and {found.lines} lines",
            [{key: _short(row.get(key)) for key in SHOWN} for row in found.rows],
        )
        wells, lines = found.outside, found.outside_lines
        if found.wells:
            answer.say(f"{wells['intervals']:.0f} intervals ({wells['metres']:.1f} m) are at depths without a label")
        if found.lines:
            answer.say(f"{lines['intervals']:.0f} ranges ({lines['traces']:.0f} traces) of lines have no label")
        for names, what in ((found.without, "without any interval"), (found.unknown, "that nobody reviewed")):
            if names:
                answer.say(f"wells and lines {what}: {', '.join(names)}")
        if found.disputed:
            answer.say(f"{found.disputed} decisions of reviewers contradict each other and are left out")


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
