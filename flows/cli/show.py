"""Commands that show information: models, ui."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.catalogue import kinds
from flows.console import answering, reporting

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(models)
    app.command()(ui)


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


def _rows(member: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for the kind and one per parameter; contents of nested specifications are in the JSON only."""
    rows: list[dict[str, Any]] = [{"kind": member["kind"], "about": member["about"]}]
    for parameter in member["parameters"]:
        default = parameter["default"]
        shown = "..." if isinstance(default, dict) else default
        rows.append({"parameter": parameter["name"], **parameter, "default": shown})
    columns = ("kind", "parameter", "type", "default", "bounds", "about")
    return [{column: row.get(column) for column in columns} for row in rows]
