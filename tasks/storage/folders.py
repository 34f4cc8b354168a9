"""Folders appear whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill a folder beside `target` that becomes it if the block succeeds; one that is there already stays.

    Args:
        target: the folder wanted; its parents are made.

    Yields:
        An empty folder to write to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(dir=target.parent, prefix=".making-"))
    try:
        filling = beside / "folder"
        filling.mkdir()
        yield filling
        if not target.exists():  # another worker may have been quicker, with the same content
            filling.rename(target)
    finally:
        shutil.rmtree(beside)
