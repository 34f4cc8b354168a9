"""Command line `sondeflow`, also `python -m flows`; heavy libraries are imported by the commands only."""

from __future__ import annotations

import json
import sys

import typer

from flows.cli import (
    audit,
    bench,
    calibrate,
    check,
    data,
    field,
    keep,
    learn,
    monitor,
    plan,
    reviews,
    score,
    serve,
    show,
    similar,
    stack,
)

app = typer.Typer(
    name="sondeflow",
    help="Clean and quality-control well logs and seismic traces. Every command takes --json.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    learn,
    calibrate,
    score,
    monitor,
    serve,
    keep,
    data,
    check,
    similar,
    audit,
    field,
    reviews,
    show,
    bench,
    plan,
    stack,
):
    group.add_to(app)


def main() -> None:
    """Run the command line; with --json a usage error is one JSON object on stdout as well."""
    try:
        app()
    except SystemExit as stop:
        # commands print their own JSON; errors of the parser occur before
        explain = getattr(stop.__context__, "format_message", None)
        if "--json" in sys.argv and explain is not None:
            sys.stdout.write(json.dumps({"ok": False, "error": explain(), "error_type": "usage"}) + "\n")
        raise


if __name__ == "__main__":
    main()
