"""Who serves a home: one `sondeflow serve` at a time, and where its pages are."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from flows.server.processes import NotServedError
from tasks.settings import Settings


class RunningServer(BaseModel):
    """A running `sondeflow serve`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    address: str


def running_server(settings: Settings) -> RunningServer | None:
    """The serve that runs in this home, None without one."""
    place = _place(settings)
    if not place.is_file():
        return None
    with place.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(place)
    return None


@contextlib.contextmanager
def hold_home(settings: Settings, address: str) -> Iterator[None]:
    """Hold this home for as long as the block lasts; the system lets go of it however the process ends.

    Raises:
        NotServedError: if another process holds it.
    """
    place = _place(settings)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _read(place)
            where = f"by process {other.pid}, see {other.address}" if other is not None else "by another process"
            raise NotServedError(
                f"{settings.home} is served already {where}; stop that one, or set SONDEFLOW_HOME to another folder"
            ) from error
        stream.truncate(0)
        stream.write(RunningServer(pid=os.getpid(), address=address).model_dump_json())
        stream.flush()
        yield


def _read(place: Path) -> RunningServer | None:
    try:
        return RunningServer.model_validate_json(place.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None  # it is being written


def _place(settings: Settings) -> Path:
    return settings.home / "serve.lock"
