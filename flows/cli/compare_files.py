"""Comparison of two files of one well, for the command compare."""

from __future__ import annotations

from pathlib import Path

from flows.console import BadUsageError, answering

SHOWN = ("name", "unit", "compared", "bias", "spread", "limit", "outside", "correlation")


def compare_two_files(first: Path, second: Path | None, out: Path, *, as_json: bool) -> None:
    """Align two files of one well, write a page with both, and show the differences of their curves."""
    with answering("compare", as_json=as_json) as answer:
        if second is None:
            raise BadUsageError("compare files needs two files: sondeflow compare files FIRST SECOND")
        from tasks.field.compare_files import compare_files
        from tasks.settings import Settings

        answer.data = compare_files(first, second, out, Settings())
        answer.show(
            "Differences, second minus first", [{key: row[key] for key in SHOWN} for row in answer.data["curves"]]
        )
        answer.say(answer.data["summary"])
        answer.say(f"page: {out}")
