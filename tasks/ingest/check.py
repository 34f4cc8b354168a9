"""Check of files: findings and a verdict for each, whatever the others are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aemodels.bundle.large_lines import check_blocks, check_segy_blocks, traces_per_block
from aemodels.bundle.line_survey import LineSurvey
from aemodels.core.errors import LargeFileError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.gzip import content_stem, plain_file
from aemodels.io.formats import format_of
from aemodels.io.readers import read
from aemodels.io.volume.reader import Volume
from aemodels.signal.quality_rules import assess
from tasks.ingest.reading_process import Row, answer_of, reading_process
from tasks.scoring.start_worker import StartedWorker
from tasks.settings import Settings

ANSWER = "tasks.ingest.check:answer"


@contextmanager
def checking(settings: Settings, started: StartedWorker | None = None) -> Iterator[Callable[[Path], Row]]:
    """Provide a function that checks a file in a supervised process and returns its row.

    Args:
        settings: how files are read, and limits.
        started: a process that was started early for `ANSWER`.
    """
    values = settings.model_dump(mode="json")
    with reading_process(ANSWER, settings, started) as ask:

        def check(path: Path) -> Row:
            (found,) = ask({"path": str(path), "settings": values})
            return {"path": str(path), "verdict": "unusable", "kind": "", "name": "", **found}

        yield check


def require_readable(paths: Iterable[Path], settings: Settings) -> None:
    """Check files in a supervised process, before something without a limit of time reads them.

    Raises:
        UnreadableFileError: for the first file that cannot be read, or exceeds a limit of time or memory.
    """
    with checking(settings) as check:
        for path in paths:
            found = check(path)
            if found["verdict"] == "unusable":
                raise UnreadableFileError(tuple(Finding(**finding) for finding in found["findings"]))


def answer(line: str) -> str:
    """Check the file of a line, and return its row as one line, for `tasks.scoring.worker_process`.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    job = json.loads(line)
    path = job["path"]
    return answer_of(
        lambda: [check_file(Path(path), Settings(**job["settings"]))], lambda finding: [row(path, [finding])]
    )


def check_file(path: Path, settings: Settings) -> Row:
    """Read a file, judge its curves or traces, and return its verdict and findings."""
    try:
        recording = read(path, aliases=settings.aliases, positions=settings.header_positions, limits=settings.limits)
    except LargeFileError:
        return _check_blocks(path, settings)
    except UnreadableFileError as error:
        return row(str(path), list(error.findings))
    found = row(str(path), [*recording.findings, *assess(recording).findings], recording.kind, recording.name)
    return found | {"channels": len(recording.channels), "samples": int(recording.axis.size)}


def _check_blocks(path: Path, settings: Settings) -> Row:
    """Check a line that is too large to be read at once."""
    try:
        with plain_file(path, settings.limits) as plain:
            survey, findings = _check_line(plain, settings)
    except UnreadableFileError as error:
        return row(str(path), list(error.findings))
    found = row(str(path), list(findings), "seismic", content_stem(path))
    return found | {"channels": survey.traces, "samples": survey.samples}


def _check_line(plain: Path, settings: Settings) -> tuple[LineSurvey, tuple[Finding, ...]]:
    if format_of(plain).in_ranges:
        return check_segy_blocks(plain, positions=settings.header_positions)
    with Volume(plain, settings.limits) as volume:
        size = traces_per_block(volume.samples)
        return check_blocks(lambda: volume.blocks(size))


def row(path: str, findings: list[Finding], kind: str = "", name: str = "") -> Row:
    """Return the row of a file: its verdict follows from the worst finding."""
    severities = {finding.severity for finding in findings}
    verdict = "unusable" if not kind or "error" in severities else "doubtful" if "warning" in severities else "good"
    told = [finding.to_dict() for finding in findings]
    return {"path": path, "verdict": verdict, "kind": kind, "name": name, "findings": told}
