"""Command that finds similar intervals: similar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.console import FAILED, OK, BadUsageError, answering

if TYPE_CHECKING:
    from tasks.search.similar import SimilarRow

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(similar)


def similar(  # noqa: PLR0913, PLR0917 - one option each
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Well log file with the interval.")],
    start: Annotated[
        float, typer.Option("--from", metavar="D1", help="Top of the interval, in the file's depth unit.")
    ],
    stop: Annotated[float, typer.Option("--to", metavar="D2", help="Bottom of the interval.")],
    data: Annotated[
        list[Path] | None, typer.Option("--data", metavar="PATH", help="Further file or folder to search; repeatable.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option("--bundle", help="A models:/ URI or a bundle folder; default: the champion.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", "--code", help="Compare the embeddings of this model of the bundle.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="PNG", help="Draw the interval and those found.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="Maximum number of intervals.")] = 10,
    as_json: Json = False,
) -> None:
    """Find intervals similar to a given one, in the same well and in others."""
    with answering("similar", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from tasks.search.similar import IntervalError, SimilarRequest, find_intervals

        request = SimilarRequest(
            file=file,
            start=start,
            stop=stop,
            data=tuple(data or ()),
            bundle=bundle,
            encoder=encoder,
            picture=picture,
            top=top,
        )
        try:
            result = find_intervals(request, settings)
        except IntervalError as error:
            raise BadUsageError(str(error)) from error
        answer.data = result.model_dump(mode="json", by_alias=True, exclude={"findings"})
        answer.data["findings"] = [{"path": path, **finding.to_dict()} for path, finding in result.findings]
        unusable = any(finding.severity == "error" for _, finding in result.findings)
        answer.code = FAILED if unusable or not result.rows else OK
        answer.show(f"Intervals similar to {start:g} to {stop:g} of {file.name}", [_line(row) for row in result.rows])
        answer.data["picture"] = None if picture is None else str(picture)
        for path, finding in result.findings:
            answer.say(f"{path}: {finding}")
        answer.say(
            f"{len(result.rows)} intervals in {result.wells} wells, by the embeddings of {result.encoder} "
            f"({result.kind}) of {result.bundle}; relative: 0 is identical, 1 is the median over all positions"
        )


def _line(row: SimilarRow) -> dict[str, Any]:
    """Return a row for display: the file without its folder, depths to the centimetre."""
    depths = {"from": f"{row.start:.2f}", "to": f"{row.stop:.2f}"}
    return row.model_dump(by_alias=True) | {"file": Path(row.file).name, **depths, "curves": " ".join(row.curves)}
