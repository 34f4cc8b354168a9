"""Quarantine of an unusable file: a copy of it, and the reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aemodels.core.findings import Finding
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.machine_faults import NO_ROOM
from aemodels.io.files.regular import open_regular
from aemodels.io.files.size_limits import MIB
from tasks.scoring.places.staged import BundleLabel, ChangedError, Destination

# start of a line for a worker process; without one it is to score
IDENTIFY, QUARANTINE = "identify ", "quarantine "


def quarantine(
    destination: Destination, path: Path, source: str, sha256: str, findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Copy an unusable file to the quarantine with the reason; the input is not changed.

    Args:
        destination: gives the outbox and the prefix of temporary names.
        path: local path of the file.
        source: its path in the inbox or its URL.
        sha256: of its content.
        findings: reasons why it is unusable.

    Raises:
        ChangedError: if the content is not the one with this hash any more.
        OSError: if nothing can be written.

    Returns:
        The paths of the copy, if there is room for one, and of reason.json, which is written last.
    """
    folder = destination.outbox / "quarantine" / sha256
    target = folder / "reason.json"
    copy = folder / (path.name if path.name != target.name else f"file.{path.name}")
    reason: dict[str, Any] = {
        "source": source,
        "sha256": sha256,
        "findings": [finding.to_dict() for finding in findings],
    }
    try:
        with atomic_path(copy, destination.temp_prefix) as temporary:
            _copy(path, temporary, sha256)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        reason["copy"] = f"none: {error.strerror}; the file is left where it arrived"
    text = json.dumps(reason, indent=2, ensure_ascii=False) + "\n"
    with atomic_path(target, destination.temp_prefix) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return (target,) if "copy" in reason else (copy, target)


def quarantine_supervised(
    ask: Callable[[str], bytes], destination: Destination, file: tuple[Path, str, str], findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Quarantine a file as `quarantine` does, in a worker process: its disk may hang.

    Args:
        ask: asks a worker process, see `ProcessPool.ask`.
        destination: as for `quarantine`.
        file: local path, path in the inbox, and sha256.
        findings: as for `quarantine`.

    Raises:
        ChangedError: as `quarantine`.
        OSError: as `quarantine`.
        WorkerProcessError: if the process died or exceeded its time.
    """
    place = {"outbox": str(destination.outbox), "temp_prefix": destination.temp_prefix}
    told = [finding.to_dict() for finding in findings]
    job = {**place, "path": str(file[0]), "source": file[1], "sha256": file[2], "findings": told}
    reply = json.loads(ask(QUARANTINE + json.dumps(job)))
    if "changed" in reply:
        raise ChangedError(reply["changed"])
    if "error" in reply:
        raise OSError(*reply["error"])
    return tuple(Path(path) for path in reply["paths"])


def answer_quarantine(line: str) -> str:
    """Quarantine the file of a line, and return the result as one line, in a worker process."""
    job = json.loads(line)
    destination = Destination(Path(job["outbox"]), BundleLabel("", ""), temp_prefix=job["temp_prefix"])
    findings = tuple(Finding(**finding) for finding in job["findings"])
    try:
        paths = quarantine(destination, Path(job["path"]), job["source"], job["sha256"], findings)
    except (ChangedError, FileNotFoundError) as error:
        return json.dumps({"changed": str(error)})
    except OSError as error:
        return json.dumps({"error": [error.errno, error.strerror or str(error)]})
    return json.dumps({"paths": [str(path) for path in paths]})


def _copy(path: Path, target: Path, sha256: str) -> None:
    """Copy a file, and check the bytes that were copied: the name may lead to another file by now."""
    digest = hashlib.sha256()
    with open_regular(path) as source, target.open("wb") as copy:
        while block := source.read(MIB):
            digest.update(block)
            copy.write(block)
    if digest.hexdigest() != sha256:
        raise ChangedError(f"{path}: changed before it was quarantined")
