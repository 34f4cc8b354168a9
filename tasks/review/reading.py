"""Reading of reviews that arrive, in a supervised process: they come from others, as wells and lines do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.review_file import read_review
from aemodels.review.document import Review
from tasks.ingest.reading_process import Row, answer_of, reading_process
from tasks.settings import Settings

ANSWER = "tasks.review.reading:answer"


def read_each(paths: Sequence[Path], settings: Settings) -> Iterator[tuple[Path, Review | None, str]]:
    """Read reviews in a process with limits of time and memory, which ends with the last of them.

    Args:
        paths: the files.
        settings: the limits.

    Yields:
        (path, review, problem): None and the reason if it is no review, cannot be read, or exceeds a limit.
    """
    with reading_process(ANSWER, settings) as ask:
        for path in paths:
            (found,) = ask({"path": str(path)})
            if "review" in found:
                yield path, Review.model_validate_json(found["review"]), ""
            else:
                yield path, None, "; ".join(_problem(Finding(**finding)) for finding in found["findings"])


def _problem(finding: Finding) -> str:
    return finding.found if finding.code == "bad-review" else str(finding)


def answer(line: str) -> str:
    """Read the review of a line, and return its document as one line, for a worker process.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    path = Path(json.loads(line)["path"])

    def rows() -> list[Row]:
        try:
            return [{"review": read_review(path, str(path))[0].text}]
        except UnreadableFileError as error:
            return [{"findings": [finding.to_dict() for finding in error.findings]}]
        except OSError as error:
            found = f"{path}: {error.strerror or error}"
            finding = Finding("error", "not-readable", "file", found, "a review saved from a report (JSON)", "copy it")
            return [{"findings": [finding.to_dict()]}]

    return answer_of(rows, lambda finding: [{"findings": [finding.to_dict()]}])
