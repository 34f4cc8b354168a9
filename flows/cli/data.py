"""Commands that make files: sample, convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.check import Positions, settings_with
from flows.console import BadUsageError, answering

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(sample)
    app.command()(convert)


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


def convert(
    source: Annotated[Path, typer.Argument(exists=True, help="A SEG-Y file, or a volume in Zarr or MDIO.")],
    target: Annotated[Path, typer.Argument(help="A new file: .sgy, or .zarr.zip for a volume.")],
    header_positions: Positions = None,
    as_json: Json = False,
) -> None:
    """Convert a stacked 3-D SEG-Y file to a volume, or a volume to SEG-Y."""
    with answering("convert", as_json=as_json) as answer:
        from aemodels.io.formats import find_format

        if target.exists():
            raise BadUsageError(f"{target} exists; name a new file")
        names = [form.name if form is not None else "" for form in map(find_format, (source, target))]
        settings = settings_with(header_positions)
        if names == ["Zarr", "SEG-Y"]:
            from aemodels.io.volume.convert import volume_to_segy

            answer.data = {"target": str(target), "traces": volume_to_segy(source, target, settings.limits)}
        elif names == ["SEG-Y", "Zarr"] and target.suffix.lower() == ".zip":
            from aemodels.io.volume.convert import segy_to_volume

            shape = segy_to_volume(source, target, settings.header_positions)
            answer.data = {"target": str(target), "shape": shape}
        else:
            raise BadUsageError(f"{source} to {target}: expected SEG-Y to .zarr.zip, or Zarr or MDIO to SEG-Y")
        answer.say(f"written: {target}")
