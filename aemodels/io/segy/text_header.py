"""Text headers of a SEG-Y file, EBCDIC or ASCII."""

from __future__ import annotations

import re
from pathlib import Path

from aemodels.io.segy.binary_header import BINARY_END, TEXT_BYTES

END_TEXT = re.compile(r"\(\(\s*SEG\s*:\s*ENDTEXT\s*\)\)", re.IGNORECASE)
MAX_EXTENDED = 1000


def read_text_header(path: Path) -> str:
    """Read the 3200 characters of the text header, EBCDIC or ASCII."""
    return read_text_headers(path, 0)[0]


def read_text_headers(path: Path, extended: int) -> tuple[str, ...]:
    """Read the text header and the extended text headers, 3200 characters each.

    Args:
        path: the file.
        extended: number of extended text headers after the binary header.

    Returns:
        1 + extended texts.
    """
    with path.open("rb") as stream:
        blocks = [stream.read(TEXT_BYTES)]
        stream.seek(BINARY_END)
        blocks += [stream.read(TEXT_BYTES) for _ in range(extended)]
    return tuple(block.decode(text_codec(block), errors="replace") for block in blocks)


def text_codec(data: bytes) -> str:
    """Return the codec of a text header from its blanks: 0x40 in EBCDIC, 0x20 in ASCII."""
    return "cp037" if data.count(0x40) > data.count(0x20) else "ascii"


def count_extended(path: Path) -> int | None:
    """Count the extended text headers up to ((SEG: EndText)); None if it is not found."""
    with path.open("rb") as stream:
        stream.seek(BINARY_END)
        for number in range(1, MAX_EXTENDED + 1):
            block = stream.read(TEXT_BYTES)
            if len(block) < TEXT_BYTES:
                return None
            if END_TEXT.search(block.decode(text_codec(block), errors="replace")):
                return number
    return None
