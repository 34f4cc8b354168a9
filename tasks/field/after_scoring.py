"""Prefect task: the scorecard of the outbox after a scoring run, as the text of an artifact."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from aemodels.io.remote import is_url
from tasks.field.make import FieldRequest, FieldResult, make_field
from tasks.settings import Settings

SHOWN = 15


@task(name="field-scorecard", cache_policy=NO_CACHE, timeout_seconds=1800)
def field_page(outbox: str, settings: Settings) -> str:
    """Write the scorecard of an outbox into the home, and return its first files as Markdown.

    Scores are published by now, so a scorecard that cannot be made is reported and fails nothing.
    """
    if is_url(outbox):  # a new machine would fetch all earlier results
        return f"# Field scorecard\n\nOf an outbox in an object store, `sondeflow field {outbox}` makes it."
    page = settings.home / "field" / f"{Path(outbox).name or 'outbox'}.html"
    try:
        return field_markdown(make_field(FieldRequest(outbox=Path(outbox), out=page), settings))
    except Exception as error:  # noqa: BLE001 - of many libraries; none may fail a run whose scores are published
        get_run_logger().warning("no scorecard of %s: %s: %s", outbox, type(error).__name__, error)
        return f"# Field scorecard\n\nIt could not be made: {_cell(error)}"


def field_markdown(result: FieldResult) -> str:
    """Return the state of a field as Markdown: counts, and the files most in need of eyes."""
    lines = [
        "# Field scorecard",
        "",
        f"{result.wells} wells, {result.lines} lines, {result.quarantined} in quarantine, {result.duplicates} pairs "
        f"with the same readings. Page: `{result.page}`",
        "",
        "| # | file | attention | flagged | share | reasons |",
        "|---|---|---|---|---|---|",
    ]
    for row in result.files[:SHOWN]:
        reasons = ", ".join(list(row["reasons"])[:3])
        share = f"{row['share_flagged']:.1%}"
        lines.append(
            f"| {row['rank']} | {_cell(row['name'])} | {row['attention']:,.1f} | {row['flagged']:,.1f} | {share} | "
            f"{_cell(reasons)} |"
        )
    return "\n".join(lines)


def _cell(value: object) -> str:
    r"""Return text that Markdown shows as it is.

    >>> _cell("a|b<script>")
    'a\\|b&lt;script>'
    """
    text = " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return text.replace("[", "\\[").replace("`", "\\`").replace("*", "\\*")
