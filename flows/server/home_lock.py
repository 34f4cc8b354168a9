"""Lock on a home folder: one `sondeflow serve` or `stack up` at a time, and the address of its pages."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from flows.server.processes import NotServedError
from tasks.settings import Settings

LOOKS = 20


class RunningServer(BaseModel):
    """A running `sondeflow serve`, or `stack up`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    address: str
    command: str = "serve"


def running_server(settings: Settings) -> RunningServer | None:
    """Return the server that runs in this home; None if there is none."""
    path = _lock_path(settings)
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(path)
    return None


@contextlib.contextmanager
def hold_home(settings: Settings, address: str, command: str = "serve") -> Iterator[None]:
    """Lock this home for the duration of the block; the system releases the lock however the process ends.

    Raises:
        NotServedError: if another process holds it.
    """
    path = _lock_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            _lock(stream)
        except BlockingIOError as error:
            other = _read(path)
            where = f"by process {other.pid}, see {other.address}" if other is not None else "by another process"
            raise NotServedError(
                f"{settings.home} is served already {where}; stop that one, or set SONDEFLOW_HOME to another folder"
            ) from error
        stream.truncate(0)
        stream.write(RunningServer(pid=os.getpid(), address=address, command=command).model_dump_json())
        stream.flush()
        yield


def _lock(stream: IO[str]) -> None:
    """Take the lock; whoever only looks holds it for a moment, so one refusal says little."""
    for _ in range(LOOKS):
        try:
            return fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(path: Path) -> RunningServer | None:
    try:
        return RunningServer.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None  # the other process is writing it


def _lock_path(settings: Settings) -> Path:
    return settings.home / "serve.lock"
