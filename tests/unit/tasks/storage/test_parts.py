"""Parts of an upload: every byte once and in order, none too small, and of the store what it has."""

from __future__ import annotations

import pytest

from aemodels.io.files.size_limits import MIB
from tasks.storage.parts import MAX_PARTS, MIN_PART_BYTES, Part, Piece, cut

HEADER = 3600


def _pieces(*sizes: int, start: int = HEADER) -> tuple[Piece, ...]:
    found = []
    for number, size in enumerate(sizes):
        found.append(Piece(f"s3://b/{number}", start, start + size, "x"))
        start += size
    return tuple(found)


def test_the_header_goes_with_the_first_piece_and_the_rest_is_copied():
    pieces = _pieces(6 * MIB, 7 * MIB, 2 * MIB)
    end = HEADER + 13 * MIB
    size = end + 2 * MIB
    assert cut(size, pieces) == (
        Part(1, 0, pieces[1].start),
        Part(2, pieces[1].start, pieces[1].stop, pieces[1]),
        Part(3, end, size),
    )


@pytest.mark.parametrize(
    "sizes", [(), (MIB,) * 30, (6 * MIB,) * 5, (MIB, 9 * MIB, MIB, MIB, 9 * MIB, MIB), (70 * MIB,)]
)
@pytest.mark.parametrize("tail", [0, 1, 50 * MIB])
def test_every_byte_is_in_one_part_and_only_the_last_may_be_small(sizes, tail):
    size = HEADER + sum(sizes) + tail
    parts = cut(size, _pieces(*sizes))
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == size
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert all(part.stop - part.start >= MIN_PART_BYTES for part in parts[:-1])


def test_too_many_pieces_are_not_used():
    size = HEADER + 10_000 * MIN_PART_BYTES
    parts = cut(size, _pieces(*[MIN_PART_BYTES] * 10_000))
    assert len(parts) <= MAX_PARTS
    assert not any(part.piece for part in parts)
