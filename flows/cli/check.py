"""Command that checks files: check."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.console import FAILED, Answer, BadUsageError, answering

if TYPE_CHECKING:
    from aemodels.io.segy.header_positions import HeaderPositions
    from tasks.settings import Settings

VERDICTS = ("good", "doubtful", "unusable")
SEVERITIES = ("error", "warning", "info")
LISTED = 20  # up to this number of files, good ones and notes are listed by default
Row = dict[str, Any]
CheckFile = Callable[[Path], Row]
CHECK = "tasks.ingest.check:answer"  # what the process that reads the files does
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Positions = Annotated[
    str | None,
    typer.Option(
        "--header-positions",
        metavar="FIELD=BYTE,…",
        help="Bytes of inline, crossline, cdp_x, cdp_y in SEG-Y trace headers, e.g. inline=9,crossline=21.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(check)


def check(
    paths: Annotated[
        list[str], typer.Argument(help="Files, folders or URLs (file://, memory://, s3://bucket/prefix).")
    ],
    header_positions: Positions = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list good files and notes, regardless of their number.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check files and report findings; nothing is written."""
    with answering("check", as_json=as_json) as answer:
        from tasks.scoring.start_worker import start_worker

        started = start_worker(os.cpu_count() or 1, CHECK)  # it loads its libraries while this process does
        settings = settings_with(header_positions)
        from tasks.ingest.check import checking

        with checking(settings, started) as check_file:
            rows = [row for path in paths for row in _check_below(path, check_file)]
        summary = _summary(rows)
        unusable = summary["unusable"]
        answer.data = {"files": rows, "unusable": unusable, "summary": summary}
        answer.code = FAILED if unusable or not rows else 0
        _show(answer, rows, summary, everything=everything or len(rows) <= LISTED)


def settings_with(header_positions: str | None) -> Settings:
    """Return the settings; header positions on the command line take precedence over the environment.

    Raises:
        BadUsageError: if the positions are invalid.
    """
    from aemodels.core.errors import DataError
    from tasks.settings import Settings

    if header_positions is None:
        return Settings()
    try:
        return Settings(header_positions=_positions(header_positions))
    except DataError as error:
        raise BadUsageError(f"--header-positions: {error}") from error


def _positions(text: str) -> HeaderPositions:
    from aemodels.io.segy.header_positions import parse_positions

    return parse_positions(text)


def _summary(rows: list[Row]) -> dict[str, Any]:
    """Count files by verdict, and files by finding, the most frequent first."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for finding in row["findings"]:
            found.setdefault((finding["severity"], finding["code"]), set()).add(row["path"])
    findings: list[Row] = [{"severity": key[0], "code": key[1], "files": len(paths)} for key, paths in found.items()]
    findings.sort(key=lambda entry: (SEVERITIES.index(entry["severity"]), -entry["files"], entry["code"]))
    verdicts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    return {"files": len(rows), **verdicts, "findings": findings}


def _check_below(root: str, check_file: CheckFile) -> Iterator[Row]:
    from aemodels.io.readers import list_files
    from aemodels.io.remote import is_url
    from tasks.ingest.check import row

    if is_url(root):
        yield from _check_url(root, check_file)
        return
    files, problems = list_files(Path(root))
    yield from (row(str(path), [finding]) for path, finding in problems)
    yield from (check_file(path) for path in files)


def _check_url(url: str, check_file: CheckFile) -> Iterator[Row]:
    """Fetch the files under a URL one by one, each into a temporary folder for its check."""
    from aemodels.core.errors import UnreadableFileError
    from aemodels.io.remote import fetch, list_urls
    from tasks.ingest.check import row
    from tasks.settings import Settings

    try:
        urls = list_urls(url) or (url,)
    except UnreadableFileError as error:
        urls = ()
        yield row(url, list(error.findings))
    for found in urls:
        with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder:
            try:
                yield check_file(fetch(found, Path(folder), limits=Settings().limits)) | {"path": found}
            except UnreadableFileError as error:
                yield row(found, list(error.findings))


def _show(answer: Answer, rows: list[Row], summary: dict[str, Any], *, everything: bool) -> None:
    """Show a table of files, then each finding with location, cause and remedy, then counts."""
    listed = [row for row in rows if everything or row["verdict"] != "good"]
    base = _common([row["path"] for row in rows])
    if base:
        answer.say(f"in {base}")
    if listed:
        answer.show("Files", [_line(row, len(base)) for row in listed])
    for row in listed:
        shown = [found for found in row["findings"] if everything or found["severity"] != "info"]
        if shown:
            answer.say(f"\n{row['path'][len(base) :]}")
        for found in shown:
            answer.say(
                f"  {found['severity']} [{found['code']}] {found['where']}: {found['found']}; "
                f"expected {found['expected']}; {found['remedy']}"
            )
    if len(rows) > 1 and summary["findings"]:
        answer.say("\nExplained in docs/reference/findings.md:")
        answer.show("Findings", summary["findings"])
    if not everything:
        answer.say(f"{summary['good']} good files and the notes (info) are not listed; --all lists them")
    counts = ", ".join(f"{summary[verdict]} {verdict}" for verdict in VERDICTS)
    files = "1 file" if len(rows) == 1 else f"{len(rows)} files"
    answer.say(f"{files}: {counts}" if rows else "no files found")


def _common(paths: list[str]) -> str:
    """Return the common folder of all paths or URLs, which is shown once above the table."""
    if len(paths) < 2:
        return ""
    first, last = min(paths), max(paths)  # a common prefix of these two is common to all
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return shared[: shared.rfind("/") + 1]


def _line(row: Row, skip: int) -> dict[str, Any]:
    codes = dict.fromkeys(found["code"] for found in row["findings"] if found["severity"] != "info")
    notes = len({found["code"] for found in row["findings"] if found["severity"] == "info"})
    shown = [*codes, *([f"{notes} note{'s' * (notes > 1)}"] if notes else [])]
    return {
        "file": row["path"][skip:],
        **{key: row.get(key) for key in ("verdict", "kind", "channels", "samples")},
        "findings": ", ".join(shown),
    }
