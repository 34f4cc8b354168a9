"""Lock of a home folder against a second backup or maintenance."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from aemodels.core.errors import SondeflowError
from tasks.settings import Settings
from tasks.storage.folders import private_folder

LOCK_NAME = "maintenance.lock"


class BusyError(SondeflowError):
    """Another backup or maintenance runs in this home."""


@contextmanager
def hold_for_maintenance(settings: Settings) -> Iterator[None]:
    """Lock the home against another backup or maintenance; scoring and training go on.

    Raises:
        BusyError: if another one runs.
    """
    private_folder(settings.home)
    descriptor = os.open(settings.home / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, settings)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, settings: Settings) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BusyError(f"another backup or maintenance runs in {settings.home}; wait for it") from error
