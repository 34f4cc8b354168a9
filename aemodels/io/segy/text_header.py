"""Text headers of a SEG-Y file, EBCDIC or ASCII."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from aemodels.core.findings import Finding
from aemodels.io.segy.binary_header import BINARY_END, TEXT_BYTES

END_TEXT = re.compile(r"\(\(\s*SEG\s*:\s*ENDTEXT\s*\)\)", re.IGNORECASE)
MAX_EXTENDED = 1000
# Statements about the axis of the samples; a depth migration may be converted to time.
DEPTH_WORDS = re.compile(
    r"DEPTH[ -]{0,3}DOMAIN|DOMAIN[ :=]{1,5}DEPTH|DEPTH[ -]{0,3}(?:MIGRAT|SECTION|VOLUME|CUBE)|\bPSDM\b"
    r"|SAMPL(?:E|ING)[ -]{0,3}(?:INTERVAL|RATE|INT|PERIOD)[ :=.]{1,5}\d{1,6}(?:\.\d{1,3})?[ ]{0,3}"
    r"(?:M|METERS?|METRES?|FT|FEET)\b",
    re.IGNORECASE,
)
TIME_WORDS = re.compile(
    r"TIME[ -]{0,3}(?:DOMAIN|MIGRAT|SECTION|VOLUME|CUBE)|DOMAIN[ :=]{1,5}TIME"
    r"|\b(?:TO|IN)[ ]{1,3}(?:TWO[ -]WAY[ ]{1,3})?TIME\b"
    r"|\b\d{1,6}(?:\.\d{1,3})?[ ]{0,3}(?:MS|MSEC|MILLISEC|MICROSEC|USEC)",
    re.IGNORECASE,
)


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


def domain_finding(texts: Sequence[str], interval: float) -> tuple[Finding, ...]:
    """Return a finding if the text headers say that the samples are in depth; no binary field says so.

    Args:
        texts: the text headers.
        interval: sample interval in us, as read.
    """
    words = [match[0] for text in texts for match in DEPTH_WORDS.finditer(text)]
    if not words:
        return ()
    times = [match[0] for text in texts for match in TIME_WORDS.finditer(text)]
    shown = f"{' '.join(words[0].split())!r} in the text header"
    if times:
        found, remedy = f"{shown}, and {' '.join(times[0].split())!r}", "read as time; check the domain of the samples"
        return (Finding("info", "depth-domain", "text header", found, "samples in time", remedy),)
    remedy = (
        f"read as if {interval * 1e-3:g} m or ft were {interval * 1e-3:g} ms; convert the line to time before it is "
        "scored or trained on with lines in time"
    )
    return (Finding("warning", "depth-domain", "text header", shown, "samples in time", remedy),)
