"""Folders that are written atomically."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill a temporary folder that is renamed to `target` if the block succeeds; an existing target is kept.

    Args:
        target: the final folder; its parents are created.

    Yields:
        An empty folder to write to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=target.parent, prefix=".making-"))
    try:
        filling = temporary / "folder"
        filling.mkdir()
        yield filling
        if not target.exists():  # another worker may have written the same content first
            filling.rename(target)
    finally:
        shutil.rmtree(temporary)
