"""Prefect task: the scorecard of the outbox after a scoring run, as the text of an artifact."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from aemodels.io.remote import local_path
from tasks.field.make import FieldRequest, FieldResult, make_field
from tasks.field.stored import make_stored_field
from tasks.settings import Settings

SHOWN = 15


@task(name="field-scorecard", cache_policy=NO_CACHE, timeout_seconds=1800)
def field_page(outbox: str, settings: Settings) -> str:
    """Write the scorecard of an outbox, and return its first files as Markdown.

    That of a folder lies in the home; that of an outbox in an object store lies there, in its folder `scorecard`.

    Scores are published by now, so a scorecard that cannot be made is reported and fails nothing.
    """
    folder = local_path(outbox)
    try:
        if folder is None:
            return field_markdown(make_stored_field(outbox, settings))
        page = settings.home / "field" / f"{folder.name or 'outbox'}.html"
        return field_markdown(make_field(FieldRequest(outbox=folder, out=page), settings))
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
