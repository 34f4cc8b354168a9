"""References that tasks exchange instead of arrays, and the content-addressed store behind them."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Source
from aemodels.io.files.atomic import atomic_path
from tasks.storage.folders import mark_used

SCHEMA = 1


class Ref(BaseModel):
    """Reference to a stored value: its path and the sha256 of its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(description="path of the stored file")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="sha256 of the stored bytes, 64 hex digits")

    @property
    def path(self) -> Path:
        return Path(self.uri)

    def found_in(self, store: Path) -> Ref:
        """Return the reference with its path in this store, if the folder that it names was moved there."""
        here = store / self.path.parent.name / self.path.name
        return self if self.path.is_file() or not here.is_file() else self.model_copy(update={"uri": str(here)})


def save_recording(recording: Recording, store: Path) -> Ref:
    """Store a recording under the hash of its content; equal contents are stored once.

    Args:
        recording: any recording.
        store: root of the store, e.g. `Settings.refs_dir`.
    """
    payload = _to_bytes(recording)
    digest = hashlib.sha256(payload).hexdigest()
    path = store / digest[:2] / f"{digest}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(payload)
    return Ref(uri=str(path), sha256=digest)


def load_recording(ref: Ref) -> Recording:
    """Load a recording from its reference.

    Raises:
        DataError: if the file is missing or its bytes have changed.
    """
    if not ref.path.is_file():
        raise DataError(f"{ref.uri}: no such stored recording; ingest its file again")
    payload = ref.path.read_bytes()
    mark_used(ref.path)
    digest = hashlib.sha256(payload).hexdigest()
    if digest != ref.sha256:
        raise DataError(f"{ref.uri}: sha256 is {digest}; expected {ref.sha256}; delete it and ingest its file again")
    return _from_bytes(payload)


def digest_of(value: Any) -> str:
    """Return the sha256 (64 hex digits) of a JSON-serialisable value, independent of the order of keys.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _to_bytes(recording: Recording) -> bytes:
    header = {
        "schema": SCHEMA,
        "kind": recording.kind,
        "name": recording.name,
        "source": dataclasses.asdict(recording.source),
        "channels": [
            {"name": channel.name, "unit": channel.unit, "headers": _plain(channel.headers)}
            for channel in recording.channels
        ],
        "headers": _plain(recording.headers),
        "findings": [finding.to_dict() for finding in recording.findings],
    }
    text = json.dumps(header, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        values=recording.values,
        axis=recording.axis,
        header=np.frombuffer(text, dtype=np.uint8),
    )
    return buffer.getvalue()


def _from_bytes(payload: bytes) -> Recording:
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        values, axis = arrays["values"], arrays["axis"]
    return Recording(
        values=values,
        axis=axis,
        channels=tuple(Channel(**channel) for channel in header["channels"]),
        kind=header["kind"],
        source=Source(**header["source"]),
        name=header["name"],
        headers=header["headers"],
        findings=tuple(Finding(**finding) for finding in header["findings"]),
    )


def _plain(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return header fields as JSON values; NumPy scalars become Python scalars."""
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in headers.items()}
