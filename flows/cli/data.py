"""Command that generates files: sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.console import answering

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(sample)


def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 20,
    wells: Annotated[int | None, typer.Option(min=1, max=60, help="Number of training wells.")] = None,
    as_json: Json = False,
) -> None:
    """Write a synthetic field: LAS wells, a SEG-Y line, new files with faults, and the truth."""
    with answering("sample", as_json=as_json) as answer:
        from aemodels.synthetic import FieldSpec, sample_field

        spec = FieldSpec() if wells is None else FieldSpec(wells=wells)
        made = sample_field(directory, spec, seed=seed)
        answer.data = {
            "directory": str(directory),
            "seed": seed,
            "wells": [str(path) for path in made.wells],
            "line": str(made.line),
            "arrivals": [str(path) for path in made.arrivals],
            "truth": str(made.truth),
        }
        answer.say(f"{len(made.wells)} wells, 1 seismic line and {len(made.arrivals)} arrivals in {directory}")
        answer.say(f"truth: {made.truth}")
