"""Commands of the scheduled server: serve, alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.console import answering, reporting

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(serve)
    app.command()(alerts)


def serve(
    every: Annotated[
        float | None,
        typer.Option("--every", min=1, help="Interval of scoring in seconds; default: as in the file."),
    ] = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of the embedded Prefect server.")] = 4200,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="Another prefect.yaml.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the scheduled flows on this machine, with an embedded Prefect server unless PREFECT_API_URL is set."""
    from flows.server.serve import ServeOptions
    from flows.server.serve import serve as run

    options = ServeOptions(port=port, every=every)
    if file is not None:
        options = ServeOptions(port=port, every=every, file=file)
    with reporting("serve", as_json=as_json):
        run(options, as_json=as_json)


def alerts(
    webhook: Annotated[
        str,
        typer.Option(
            "--webhook",
            metavar="URL",
            envvar="SONDEFLOW_WEBHOOK",
            help="URL that alerts are sent to; default: none. Other users can read options, but not variables.",
        ),
    ] = "",
    silent: Annotated[
        int, typer.Option(min=60, max=86_400, help="Seconds without a heartbeat after which a run counts as dead.")
    ] = 540,
    as_json: Json = False,
) -> None:
    """Create or update automations: dead runs are marked crashed; failures, quarantine and drift call a webhook."""
    with answering("alerts", as_json=as_json) as answer:
        from pydantic import SecretStr

        from flows.environment import prepare_environment
        from flows.prefect_api.temporary import protect_temporary_servers
        from tasks.settings import Settings

        prepare_environment(Settings())
        protect_temporary_servers()
        from flows.server.alerts import AlertOptions, apply_alerts

        rows = apply_alerts(AlertOptions(webhook=SecretStr(webhook), silent_seconds=silent))
        answer.data = {"automations": rows}
        answer.show("Automations", rows)
