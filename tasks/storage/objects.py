"""Objects of a store that fsspec reaches: listing, conditional writes, deletion; whole objects only.

Nothing is overwritten unless the caller has seen what is there: `create` writes a new object, `replace` one that is
still as it was found. Credentials come from the environment, see `aemodels.io.remote.open_system`.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aemodels.io.files.size_limits import MIB
from aemodels.io.remote import open_system, tag_and_time
from tasks.storage.parts import Part, Piece, cut, in_parts

PARTS_AT_ONCE = 4  # of one file
CONFLICT = "ConditionalRequestConflict"  # S3's answer while another write of the same object is going on
CONFLICT_TRIES = 5
T = TypeVar("T")


class ChangedObjectError(OSError):
    """An object is not what it was when it was looked at: somebody else has written it."""


@dataclass(frozen=True)
class StoredObject:
    """An object as its store describes it.

    Args:
        address: e.g. "s3://bucket/key".
        size: in bytes.
        tag: its ETag or time of modification; another tag means that it was written again.
        modified: time of modification, s since the epoch; None if unknown.
        sha256: of its bytes as its writer recorded it; "" if it recorded nothing.
        result: key of the scores of the result that it belongs to, as its writer recorded it; "" if none.
    """

    address: str
    size: int
    tag: str
    modified: float | None = None
    sha256: str = ""
    result: str = ""


class ObjectStore:
    """Objects of one fsspec file system.

    Args:
        address: of anything in the store, which names its protocol.

    `copies_parts` is whether it makes an object of others that it has.
    """

    copies_parts = False

    def __init__(self, address: str) -> None:
        self._scheme = address.partition("://")[0].lower()
        self._system: Any = open_system(address)[0]

    def find(self, address: str) -> StoredObject | None:
        """Return an object; None if there is none."""
        path = self._path(address)
        self._system.invalidate_cache()
        try:
            return self._described(address, self._system.info(path))
        except FileNotFoundError:
            return None

    def list(self, address: str) -> Iterator[StoredObject]:
        """Yield the objects under an address, in the order of their keys."""
        self._system.invalidate_cache()
        found = self._system.find(self._path(address).rstrip("/") + "/", detail=True)
        for name in sorted(found):
            yield self._described(f"{self._scheme}://{str(name).lstrip('/')}", found[name])

    def create(self, local: Path, address: str, about: dict[str, str], pieces: Sequence[Piece] = ()) -> None:
        """Write a new object from a file.

        Args:
            local: the file.
            address: of the object.
            about: `sha256` and `result` of `StoredObject`, stored with the object if the store can do that.
            pieces: parts of the file that the store has already; it may copy them instead.

        Raises:
            FileExistsError: if there is such an object.
            OSError: if it cannot be written.
        """
        self._system.pipe_file(self._path(address), local.read_bytes(), mode="create")

    def replace(self, local: Path, seen: StoredObject, about: dict[str, str]) -> None:
        """Write an object again from a file, if it is still the one that was seen.

        Raises:
            ChangedObjectError: if it is another one now.
            OSError: if it cannot be written.
        """
        now = self.find(seen.address)
        if now is None or now.tag != seen.tag:
            raise ChangedObjectError(f"{seen.address} was written by somebody else meanwhile")
        self._system.pipe_file(self._path(seen.address), local.read_bytes(), mode="overwrite")

    def digest(self, seen: StoredObject) -> str:
        """Return the sha256 of an object: the recorded one, else that of its bytes."""
        if seen.sha256:
            return seen.sha256
        with self._system.open(self._path(seen.address), "rb") as stream:
            digest = hashlib.sha256()
            while block := stream.read(MIB):
                digest.update(block)
        return digest.hexdigest()

    def fetch(self, seen: StoredObject, target: Path) -> None:
        """Write the bytes of an object to a file, with its time of modification."""
        self._system.get_file(self._path(seen.address), str(target))
        if seen.modified is not None:
            os.utime(target, (seen.modified, seen.modified))

    def delete(self, address: str) -> None:
        """Delete an object."""
        self._system.rm_file(self._path(address))

    def _path(self, address: str) -> str:
        return str(self._system._strip_protocol(address))

    def _described(self, address: str, info: dict[str, Any]) -> StoredObject:
        return StoredObject(address, int(info.get("size") or 0), *tag_and_time(info))


class S3Store(ObjectStore):
    """Objects of an S3 server, with its conditional requests, metadata and multipart uploads."""

    copies_parts = True

    def find(self, address: str) -> StoredObject | None:
        """Return an object with what its writer recorded; None if there is none."""
        try:
            head = self._call("head_object", address)
        except FileNotFoundError:
            return None
        about = head.get("Metadata", {})
        modified = head["LastModified"].timestamp()
        size, tag = int(head["ContentLength"]), str(head["ETag"])
        return StoredObject(address, size, tag, modified, about.get("sha256", ""), about.get("result", ""))

    def create(self, local: Path, address: str, about: dict[str, str], pieces: Sequence[Piece] = ()) -> None:
        """Write a new object, a large one in parts; a request whose answer was lost is recognised by its hash.

        Raises:
            FileExistsError: as `ObjectStore.create`.
            OSError: as `ObjectStore.create`.
        """
        try:
            self._put(local, address, about, pieces, IfNoneMatch="*")
        except OSError as error:
            if _code(error) not in {"PreconditionFailed", "NoSuchUpload"}:
                raise
            found = self.find(address)
            if found is None or found.sha256 != about["sha256"]:
                raise FileExistsError(f"{address} exists") from error

    def replace(self, local: Path, seen: StoredObject, about: dict[str, str]) -> None:
        """Write an object again, if its ETag is still the one that was seen.

        Raises:
            ChangedObjectError: as `ObjectStore.replace`.
            OSError: as `ObjectStore.replace`.
        """
        try:
            self._put(local, seen.address, about, (), IfMatch=seen.tag)
        except OSError as error:
            if _code(error) not in {"PreconditionFailed", "NoSuchKey", "NoSuchUpload"}:
                raise
            found = self.find(seen.address)
            if found is None or found.sha256 != about["sha256"]:
                raise ChangedObjectError(f"{seen.address} was written by somebody else meanwhile") from error

    def _put(self, local: Path, address: str, about: dict[str, str], pieces: Sequence[Piece], **condition: str) -> None:
        kind = mimetypes.guess_type(local.name.removesuffix(".part"))[0] or "application/octet-stream"
        more = {"Metadata": about, "ContentType": kind}

        def put() -> None:
            try:
                if not (pieces or in_parts(local.stat().st_size)):
                    self._call("put_object", address, Body=local.read_bytes(), **more, **condition)
                else:
                    self._put_parts(local, address, cut(local.stat().st_size, pieces), (more, condition))
            except OSError as error:
                if _code(error) != "NotImplemented" or "IfNoneMatch" not in condition:
                    raise
                # A server without conditional writes: look first. Two writers of one object are kept apart by the
                # ledger, not by this.
                condition.clear()
                if self.find(address) is not None:
                    raise FileExistsError(f"{address} exists") from error
                put()

        _while_conflict(put)

    def _put_parts(
        self, local: Path, address: str, parts: Sequence[Part], options: tuple[dict[str, Any], dict[str, str]]
    ) -> None:
        """Upload a file in parts; the object appears with the last request, or not at all."""
        more, condition = options
        upload = self._call("create_multipart_upload", address, **more)["UploadId"]
        threads = ThreadPoolExecutor(PARTS_AT_ONCE)
        try:
            done = threads.map(lambda part: self._put_part(local, address, upload, part), parts)
            whole = {"MultipartUpload": {"Parts": list(done)}, **condition}
            self._call("complete_multipart_upload", address, UploadId=upload, **whole)
        except BaseException:
            threads.shutdown(cancel_futures=True)  # a part that arrives after the end of an upload would stay
            self._abort(address, upload)
            raise
        finally:
            threads.shutdown()

    def _put_part(self, local: Path, address: str, upload: str, part: Part) -> dict[str, object]:
        """Copy a part within the store if it is there, else upload it; return its number and ETag."""
        about = {"UploadId": upload, "PartNumber": part.number}
        tag = self._copied(address, about, part.piece) if part.piece else ""
        if not tag:
            with local.open("rb") as stream:
                stream.seek(part.start)
                body = stream.read(part.stop - part.start)
            tag = str(self._call("upload_part", address, Body=body, **about)["ETag"])
        return {"PartNumber": part.number, "ETag": tag}

    def _copied(self, address: str, about: dict[str, Any], piece: Piece) -> str:
        """Return the ETag of a part that the store has copied from a piece; "" if it has another one, or cannot."""
        try:
            seen = self.find(piece.address)
            if seen is None or (seen.sha256, seen.size) != (piece.sha256, piece.stop - piece.start):
                return ""
            bucket, key, _ = self._system.split_path(self._path(piece.address))
            origin = {"CopySource": {"Bucket": bucket, "Key": key}, "CopySourceIfMatch": seen.tag}
            return str(self._call("upload_part_copy", address, **origin, **about)["CopyPartResult"]["ETag"])
        except OSError:
            return ""

    def _abort(self, address: str, upload: str) -> None:
        """Remove the parts of an upload; if that fails too, the bucket's lifecycle rule does it."""
        try:
            self._call("abort_multipart_upload", address, UploadId=upload)
        except OSError:
            return

    def _call(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        bucket, key, _ = self._system.split_path(self._path(address))
        try:
            found: dict[str, Any] = self._system.call_s3(method, Bucket=bucket, Key=key, **more)
        except OSError:
            raise
        except Exception as error:  # of the network or the SDK, e.g. no credentials
            raise OSError(f"{address}: {type(error).__name__}: {error}") from error
        return found


def open_store(address: str) -> ObjectStore:
    """Return the store of an address.

    Raises:
        UnreadableFileError: as `aemodels.io.remote.open_system`.
    """
    return S3Store(address) if address.lower().startswith("s3://") else ObjectStore(address)


def _while_conflict(put: Callable[[], None]) -> None:
    """Repeat a conditional write while another one is going on, after pauses of random length."""
    for attempt in range(CONFLICT_TRIES):
        try:
            return put()
        except OSError as error:
            if _code(error) != CONFLICT or attempt == CONFLICT_TRIES - 1:
                raise
        time.sleep((0.5 + secrets.randbelow(1000) / 1000) * 2**attempt / 4)
    return None


def _code(error: OSError) -> str:
    """Return S3's code of an error, "" if it has none."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
