"""Files in an inbox: the complete ones among them, and the hash of their contents."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.remote import is_url
from tasks.ledger import FileObservation, load_observations, save_observations
from tasks.scoring.places.inbox import Arrival, open_inbox
from tasks.scoring.places.quarantine import IDENTIFY
from tasks.scoring.places.staged import ChangedError

MAX_WAIT_SECONDS = 10.0  # a file with a longer settling time is left for the next run


@dataclass(frozen=True)
class Identified:
    """A file with the hash of its content and a local path."""

    arrival: Arrival
    sha256: str
    local: Path = field(default_factory=Path)


def split_complete(
    ledger: Engine, arrivals: Iterable[Arrival], settle_seconds: float
) -> tuple[list[Arrival], list[Arrival]]:
    """Return (complete, unsettled) files.

    A file is complete if it is old enough, or has been observed unchanged for long enough. Each file gets what the
    ledger knows: its hash if the stamp is unchanged, and the time of its first observation.
    """
    everything = list(arrivals)
    known = load_observations(ledger, [arrival.path for arrival in everything])
    complete: list[Arrival] = []
    unsettled: list[Arrival] = []
    for arrival in everything:
        before = known.get(arrival.path, FileObservation(arrival.path, arrival.stamp))
        same = before.stamp == arrival.stamp
        seen = replace(arrival, sha256=before.sha256 if same else "", first_seen=before.first_seen)
        whole = _is_complete(seen, before.unchanged_s if same else 0.0, settle_seconds)
        (complete if whole else unsettled).append(seen)
    news = [
        arrival for arrival in everything if arrival.path not in known or known[arrival.path].stamp != arrival.stamp
    ]
    save_observations(ledger, [FileObservation(arrival.path, arrival.stamp) for arrival in news])
    return complete, unsettled


def recheck(unsettled: Sequence[Arrival], settle_seconds: float) -> tuple[list[Arrival], list[Arrival]]:
    """Return (complete, unsettled) files after a pause of the settling time; removed files are in neither list."""
    if not unsettled or settle_seconds > MAX_WAIT_SECONDS:
        return [], list(unsettled)
    time.sleep(settle_seconds)
    stamps = {arrival.path: open_inbox(arrival.path).stamp(arrival) for arrival in unsettled}
    complete = [arrival for arrival in unsettled if stamps[arrival.path] == arrival.stamp]
    return complete, [arrival for arrival in unsettled if stamps[arrival.path] not in {arrival.stamp, ""}]


def identify(arrival: Arrival, folder: Path, inbox: str, limits: SizeLimits = DEFAULT_LIMITS) -> Identified:
    """Hash a file unless the ledger knows this stamp; a remote file is fetched first.

    Args:
        arrival: the file.
        folder: where copies are written.
        inbox: what was listed; a local file that does not lie in it once it is open is refused.
        limits: a larger file is refused unread.

    Raises:
        ChangedError: if it was changed or removed since it was listed.
        UnreadableFileError: if it cannot be fetched, is too large, or lies outside of the inbox.
        OSError: if it cannot be read.
    """
    place = open_inbox(inbox)
    try:
        local, sha256 = place.local_copy(arrival, folder, limits)
    except FileNotFoundError as error:
        raise ChangedError(f"{arrival.shown}: removed before it was read") from error
    if place.stamp(arrival) != arrival.stamp:
        raise ChangedError(f"{arrival.shown}: changed while it was hashed; left for the next run")
    return Identified(arrival, sha256, local)


def identify_supervised(
    ask: Callable[[str], bytes], arrival: Arrival, folder: Path, inbox: str, limits: SizeLimits
) -> Identified:
    """Identify a local file as `identify` does, in a worker process: its disk may hang.

    Args:
        ask: asks a worker process, see `ProcessPool.ask`.
        arrival: the file; a remote one is fetched by this process, which has the credentials.
        folder: where copies are written.
        inbox: what was listed.
        limits: a larger file is refused unread.

    Raises:
        ChangedError: as `identify`.
        UnreadableFileError: as `identify`.
        OSError: as `identify`.
        WorkerProcessError: if the process died or exceeded its time.
    """
    if is_url(arrival.path):
        return identify(arrival, folder, inbox, limits)
    job = {"arrival": asdict(arrival), "folder": str(folder), "inbox": inbox, "limits": limits.model_dump(mode="json")}
    reply = json.loads(ask(IDENTIFY + json.dumps(job)))
    if "changed" in reply:
        raise ChangedError(reply["changed"])
    if "findings" in reply:
        raise UnreadableFileError(tuple(Finding(**finding) for finding in reply["findings"]))
    if "error" in reply:
        raise OSError(*reply["error"])
    return Identified(arrival, reply["sha256"], Path(reply["local"]))


def answer_identify(line: str) -> str:
    """Identify the file of a line, and return the result as one line, in a worker process."""
    job = json.loads(line)
    arrival, limits = Arrival(**job["arrival"]), SizeLimits.model_validate(job["limits"])
    try:
        found = identify(arrival, Path(job["folder"]), job["inbox"], limits)
    except ChangedError as error:
        return json.dumps({"changed": str(error)})
    except UnreadableFileError as error:
        return json.dumps({"findings": [finding.to_dict() for finding in error.findings]})
    except OSError as error:
        return json.dumps({"error": [error.errno, error.strerror or str(error)]})
    return json.dumps({"sha256": found.sha256, "local": str(found.local)})


def save_hashes(ledger: Engine, found: Iterable[Identified]) -> None:
    """Store the hash of each stamp, so that the next run need not read the file."""
    news = [
        FileObservation(item.arrival.path, item.arrival.stamp, item.sha256) for item in found if not item.arrival.sha256
    ]
    save_observations(ledger, news)


def arrived_since(arrival: Arrival, since: datetime) -> bool:
    """Return whether a file arrived at or after a time, by its first observation or else by its modification time."""
    start = since if since.tzinfo else since.astimezone()
    if arrival.first_seen:
        return datetime.fromisoformat(arrival.first_seen) >= start
    return arrival.modified is None or datetime.fromtimestamp(arrival.modified, UTC) >= start


def _is_complete(arrival: Arrival, unchanged_s: float, settle_seconds: float) -> bool:
    if arrival.whole or arrival.sha256 or settle_seconds == 0 or unchanged_s >= settle_seconds:
        return True
    return arrival.modified is not None and time.time() - arrival.modified >= settle_seconds
