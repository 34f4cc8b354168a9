"""A folder of this machine with what readers of an outbox need, wherever the outbox is."""

from __future__ import annotations

from pathlib import Path

from aemodels.io.remote import local_path
from tasks.settings import Settings
from tasks.storage.mirror import is_for_readers, mirror


def local_outbox(outbox: str, settings: Settings) -> Path:
    """Return the folder of an outbox; of one in an object store a copy of scores, reports, reasons and reviews.

    The copy lies in the home folder. What it has already and is unchanged is not fetched again.

    Raises:
        DataError: if the store cannot be asked, or has no outbox there.
    """
    path = local_path(outbox)
    return path if path is not None else mirror(outbox, settings.home / "field" / "outboxes", is_for_readers)
