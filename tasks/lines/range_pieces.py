"""Finished ranges of a line as objects in the store of its outbox, of which its copy is made there.

Each worker stores the traces of its range itself, so that nobody has to send a whole line. They are also in the home,
where the line is assembled and checked; an object that is missing is replaced from there.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.io.files.atomic import atomic_path
from tasks.scoring.line_ranges.plan import read_plan
from tasks.scoring.line_ranges.range_files import RangeFiles
from tasks.scoring.places.outbox import PIECES, OutboxPlace
from tasks.scoring.request import ScoringResult
from tasks.storage.objects import open_store
from tasks.storage.parts import Piece


def store_range(outbox: OutboxPlace, folder: Path, number: int) -> bool:
    """Store the traces of a finished range beside the outbox; return whether that is of use.

    A store that cannot be reached is no fault of the range: its bytes are sent when the line is published.

    Args:
        outbox: of the line.
        folder: of the ranges of the line.
        number: of the range.
    """
    with contextlib.suppress(OSError):
        piece = _piece(outbox, folder, number)
        if piece is None:
            return False
        _note(folder, piece.address.rpartition("/")[0])
        store = open_store(piece.address)
        seen = store.find(piece.address)
        about = {"sha256": piece.sha256, "result": ""}
        if seen is None:
            store.create(RangeFiles(folder, number).traces, piece.address, about)
        elif seen.sha256 != piece.sha256:
            store.replace(RangeFiles(folder, number).traces, seen, about)
        return True
    return False


def with_pieces(result: ScoringResult, outbox: OutboxPlace, folder: Path) -> ScoringResult:
    """Return the result of an assembly, whose copy names the ranges that the store may have."""
    copies = [item for item in result.staged if item.target.endswith(".sgy")]
    if not copies or not outbox.pieces_address(folder.name):
        return result
    found = [_piece(outbox, folder, number) for number in range(len(read_plan(folder).ranges))]
    pieces = tuple(piece for piece in found if piece is not None)
    staged = tuple(replace(item, pieces=pieces) if item in copies else item for item in result.staged)
    return result.model_copy(update={"staged": staged})


def remove_objects(folder: Path) -> None:
    """Delete what was stored for the ranges in a folder, in any outbox.

    Raises:
        OSError: if a store cannot be reached.
    """
    for note in folder.glob("*.stored"):
        address = note.read_text(encoding="utf-8")
        if not address.endswith(f"/{PIECES}/{folder.name}"):
            continue
        try:
            store = open_store(address)
        except UnreadableFileError as error:
            raise OSError(str(error)) from error
        for item in list(store.list(address)):
            store.delete(item.address)
        note.unlink()


def _piece(outbox: OutboxPlace, folder: Path, number: int) -> Piece | None:
    """Return a finished range as part of the copy of its line; None if it cannot be one."""
    address = outbox.pieces_address(f"{folder.name}/{number:06d}.traces")
    if not address:
        return None
    summary = RangeFiles(folder, number).read()
    piece = Piece(address, summary.start, summary.start + summary.size, summary.traces_sha256)
    return piece if summary.start and piece.fits else None


def _note(folder: Path, address: str) -> None:
    """Record in the folder of a line that there are objects below an address."""
    note = folder / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.stored"
    if not note.exists():
        with atomic_path(note) as temporary:
            temporary.write_text(address, encoding="utf-8")
