"""Commands of a whole deployment: stack up, down, status; metrics; upgrade."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.console import FAILED, Answer, answering, reporting

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_SHOWN = ("prefect", "prefect_password", "mlflow", "mlflow_password", "metrics", "inbox", "outbox", "log")


def _port(about: str) -> Any:
    return typer.Option(min=1024, max=65535, help=about)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    stack = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        help="The whole deployment on this machine: PostgreSQL, MLflow, Prefect, worker, metrics, alerts.",
    )
    stack.command()(up)
    stack.command()(down)
    stack.command()(status)
    stack.command()(upgrade_postgres)
    app.add_typer(stack, name="stack")
    app.command()(metrics)
    app.command()(upgrade)


def up(  # noqa: PLR0913, PLR0917 - a port per server
    prefect_port: Annotated[int, _port("Port of Prefect's pages and API.")] = 4200,
    mlflow_port: Annotated[int, _port("Port of MLflow's pages and API.")] = 5000,
    postgres_port: Annotated[int, _port("Port of PostgreSQL.")] = 5433,
    worker_port: Annotated[int, _port("Port of the worker's health check.")] = 8080,
    metrics_port: Annotated[int, _port("Port of the metrics.")] = 9464,
    every: Annotated[
        float | None, typer.Option("--every", min=1, help="Interval of scoring in seconds; default: as in the file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the stack in the background, and wait until all of it answers; passwords are generated."""
    with answering("stack up", as_json=as_json) as answer:
        from flows.stack.control import up as start
        from flows.stack.places import StackOptions

        options = StackOptions(
            prefect_port=prefect_port,
            mlflow_port=mlflow_port,
            postgres_port=postgres_port,
            worker_port=worker_port,
            metrics_port=metrics_port,
            every=every,
        )
        answer.data = start(options)
        _say(answer)


def down(as_json: Json = False) -> None:
    """Stop the stack with all its processes; its data stay."""
    with answering("stack down", as_json=as_json) as answer:
        from flows.stack.control import down as stop

        stopped = stop()
        answer.data = {"stopped": stopped}
        answer.say("stopped" if stopped else "no stack runs in this home")


def status(as_json: Json = False) -> None:
    """Say what runs and whether it answers; exit code 1 if something does not."""
    with answering("stack status", as_json=as_json) as answer:
        from flows.stack.control import health, state
        from tasks.settings import Settings

        now = state(Settings())
        if now is None or now.answer is None:
            answer.code = FAILED
            answer.data = {"running": now is not None}
            answer.say("no stack runs in this home" if now is None else "the stack starts or stops")
            return
        answering_now = health(now.answer)
        answer.data = {"running": True, **now.answer, "answers": answering_now}
        answer.code = 0 if all(answering_now.values()) else FAILED
        _say(answer)
        answer.show("Services", [{"service": name, "answers": ok} for name, ok in answering_now.items()])


def upgrade_postgres(
    postgres_port: Annotated[int, _port("Port of PostgreSQL meanwhile.")] = 5433,
    as_json: Json = False,
) -> None:
    """Move the databases of a stopped stack to the newest installed PostgreSQL; the former cluster is kept."""
    with answering("stack upgrade-postgres", as_json=as_json) as answer:
        from flows.environment import prepare_environment
        from flows.stack.newer_postgres import move_to_newest
        from flows.stack.places import StackOptions
        from flows.step_lines import step_lines
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        with step_lines():
            before, now, kept = move_to_newest(settings, StackOptions(postgres_port=postgres_port))
        answer.data = {"before": before, "now": now, "former_cluster": str(kept)}
        answer.say(f"PostgreSQL {now}, before {before}; delete {kept} once all is well")


def metrics(
    port: Annotated[int, _port("Port.")] = 9464,
    host: Annotated[str, typer.Option(help="Address to listen on; in a container 0.0.0.0.")] = "127.0.0.1",
    allowed_host: Annotated[list[str] | None, typer.Option(help="Another host name of this server.")] = None,
) -> None:
    """Serve the metrics of this installation at /metrics, in Prometheus' text format, until Ctrl-C."""
    with reporting("metrics", as_json=False):
        from flows.metrics.server import serve_metrics

        serve_metrics(port, host, frozenset(allowed_host or []))


def upgrade(as_json: Json = False) -> None:
    """Migrate ledger and MLflow store of an earlier version; scoring does so by itself where that is safe."""
    with answering("upgrade", as_json=as_json) as answer:
        from tasks.ledger import open_ledger
        from tasks.settings import Settings
        from tasks.tracking.store import upgrade as migrate

        settings = Settings()
        open_ledger(settings.ledger_url)
        answer.say("ledger: up to date")
        copy = migrate(settings) if settings.has_registry else None
        answer.data = {"copy": None if copy is None else str(copy)}
        answer.say("MLflow: up to date" if copy is None else f"MLflow: up to date; as it was: {copy}")


def _say(answer: Answer) -> None:
    for name in _SHOWN:
        answer.say(f"{name.replace('_', ' '):16} {answer.data[name]}")
    answer.say(f"Prefect's database: {answer.data['prefect_database']}")
    answer.say(f"other commands use the stack after: . {answer.data['environment']}")
