"""A review in a file that arrived."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.regular import open_regular
from aemodels.review.document import MAX_BYTES, Review, parse_review


def read_review(path: Path, name: str) -> tuple[Review, str]:
    """Return the review in a file, and the sha256 of the file.

    Args:
        path: the file.
        name: of the file, for messages.

    Raises:
        UnreadableFileError: if it is no review, with the field, the value and what was expected.
        OSError: if it cannot be read.
    """
    with open_regular(path) as stream:
        content = stream.read(MAX_BYTES + 1)
    try:
        return parse_review(content, name), hashlib.sha256(content).hexdigest()
    except DataError as error:
        expected = "a review saved from a report"
        finding = Finding("error", "bad-review", "file", str(error), expected, "save the review again")
        raise UnreadableFileError((finding,)) from error
