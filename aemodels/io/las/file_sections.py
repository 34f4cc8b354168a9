"""Sections of a LAS file: header sections as text, data sections as bytes."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.las.text_sections import (
    MARK,
    LasSection,
    LasText,
    candidates,
    section_kind,
    sectioned,
    split_lines,
    with_curve_title,
    with_data_title,
)

MEBI = 2**20
FILE_LIMIT = 2048 * MEBI  # a LAS file is read at once
HEADER_LIMIT = 16 * MEBI  # the largest known headers have some 100 kB
TITLE_LIMIT = 1000
MAX_INDENT = 200  # blanks before the "~" of a section
CHUNK = 4 * MEBI
PADDING = b" \t\r\n\f\v\x1a\x00"


@dataclass(frozen=True, eq=False)
class DataBlock:
    r"""The lines below the title of a data section.

    Args:
        title: line index of the title.
        file: bytes of the file; the block refers to them, so that a large one is not in memory twice.
        span: offset and exclusive end of the lines in `file`, each ended by "\n".
        codec: encoding of `file`; ASCII characters are one byte each.
    """

    title: int
    file: bytes
    span: tuple[int, int]
    codec: str

    def has(self, *parts: bytes) -> bool:
        """Return True if any of the byte strings occurs in the lines."""
        return any(self.file.find(part, *self.span) >= 0 for part in parts)

    @property
    def view(self) -> memoryview:
        """The lines as bytes, without a copy."""
        return memoryview(self.file)[slice(*self.span)]

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield line index and text of each line that is neither blank nor a comment."""
        at, stop = self.span
        for number in itertools.count(self.title + 1):
            if at >= stop:
                return
            end = self.file.find(b"\n", at, stop) + 1
            line = self.file[at:end]
            if _is_data(line):
                yield number, line.decode(self.codec)
            at = end

    def numbers(self) -> list[int]:
        """Return the index of each line that is neither blank nor a comment."""
        lines = self.file[slice(*self.span)].split(b"\n")
        return [number for number, line in enumerate(lines, start=self.title + 1) if _is_data(line)]


def _is_data(line: bytes) -> bool:
    """As `text_sections.is_data`, for a line that is not decoded: ASCII characters are one byte each in it."""
    stripped = line.strip(PADDING)
    return bool(stripped) and not stripped.startswith(b"#")


@dataclass(frozen=True, eq=False)
class LasFile:
    """Header of a file as text and its data sections as bytes.

    Args:
        header: all lines and sections, without the lines of data sections.
        blocks: the data sections, in the order of the file.
        codec: encoding of the file.
        findings: titles that were put right.
    """

    header: LasText
    blocks: tuple[DataBlock, ...]
    codec: str
    findings: tuple[Finding, ...] = ()


def refuse_bombs(path: Path) -> None:
    """Reject files that cannot be a log before they fill the memory.

    Args:
        path: the file.

    Raises:
        UnreadableFileError: if the file is larger than 2 GiB, or has no data section within its first 16 MiB.
    """
    size = path.stat().st_size
    if size > FILE_LIMIT:
        found = f"{size / 1e9:.1f} GB"
        raise refusal("too-large", "file", found, "at most 2 GiB", "split the file into depth ranges")
    if size <= HEADER_LIMIT:
        return
    with path.open("rb") as stream:
        head = stream.read(HEADER_LIMIT)
    text, _ = as_single_bytes(head)
    if not any(_is_data_title(text[start : start + 200]) for start in _titles(text)):
        raise _large_header(size)


def split_file(data: bytes) -> LasFile:
    """Split a file into its sections; without any, the header is empty and there are no blocks.

    Args:
        data: bytes of the file.

    Returns:
        Header and data sections.

    Raises:
        UnreadableFileError: if the header is too large.
    """
    text, codec = as_single_bytes(data)
    inner = "utf-8" if codec.startswith("utf-16") else codec
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    titles = _titles(text)
    stops = [*titles, len(text)][1:]
    lines: list[str] = []
    sections: list[LasSection] = []
    blocks: list[DataBlock] = []
    size, number = 0, text.count(b"\n", 0, titles[0]) if titles else 0
    for start, stop in zip(titles, stops, strict=True):
        body = text.find(b"\n", start, stop) + 1 or stop
        is_block = _is_data_title(text[start:body])
        size += (body if is_block else stop) - start
        if size > HEADER_LIMIT:
            raise _large_header(len(data))
        if is_block:
            blocks.append(DataBlock(number, *closed_span(text, body, stop), inner))
        part = split_lines(text[start : body if is_block else stop].decode(inner))
        kind = section_kind(part[0].lstrip(MARK + " \t"))
        sections.append(LasSection(kind, len(lines), len(lines) + len(part)))
        lines += part
        number += text.count(b"\n", start, stop) if stop < len(text) else 0
    if titles and not blocks:
        untitled = _without_data_title(text, codec, inner)
        if untitled is not None:
            return untitled
    header, findings = with_curve_title(LasText(tuple(lines), codec, tuple(sections)))
    return LasFile(header, tuple(blocks), codec, findings)


def _without_data_title(text: bytes, codec: str, inner: str) -> LasFile | None:
    """Return a file whose rows of numbers have no ~A line; None if there are no such rows."""
    whole, findings = with_data_title(sectioned(text.decode(inner), codec))
    section = next(iter(whole.of_kind("A")), None)
    if section is None:
        return None
    body = "".join(line.rstrip("\r\n") + "\n" for line in whole.lines[section.title + 1 :]).encode(inner)
    block = DataBlock(section.title, *closed_span(body, 0, len(body)), inner)
    sections = [*whole.sections[:-1], replace(section, stop=section.title + 1)]
    header, more = with_curve_title(LasText(whole.lines[: section.title + 1], codec, tuple(sections)))
    return LasFile(header, (block,), codec, (*findings, *more))


def as_single_bytes(data: bytes) -> tuple[bytes, str]:
    """Return the file in an encoding with single-byte ASCII characters, and its original encoding."""
    if data.isascii() and b"\x00" not in data[:2000]:
        return data, "utf-8"
    for codec in candidates(data):
        try:
            parts = list(_recoded(data, codec))
        except UnicodeDecodeError:
            continue
        return (b"".join(parts) if codec.startswith("utf-16") else data), codec
    return data, "latin-1"


def refusal(code: str, where: str, found: str, expected: str, remedy: str) -> UnreadableFileError:
    """Return the error that rejects a file for one reason."""
    return UnreadableFileError((Finding("error", code, where, found, expected, remedy),))


def _recoded(data: bytes, codec: str) -> Iterator[bytes]:
    """Decode block by block (decoding at once takes up to four bytes per character); yield UTF-8 for UTF-16."""
    decoder = codecs.getincrementaldecoder(codec)()
    for start in range(0, len(data), CHUNK):
        text = decoder.decode(data[start : start + CHUNK], final=start + CHUNK >= len(data))
        yield text.encode() if codec.startswith("utf-16") else b""


def _titles(text: bytes) -> list[int]:
    """Return the offsets of the title lines of all sections."""
    starts: list[int] = []
    at = text.find(b"~")
    for _ in range(100 * TITLE_LIMIT):
        if at < 0:
            return starts
        before = text[max(at - MAX_INDENT, 0) : at].removeprefix(codecs.BOM_UTF8).rstrip(b" \t")
        if not before or before.endswith((b"\n", b"\r")):
            starts.append(text.rfind(b"\n", 0, at) + 1)
        at = text.find(b"~", at + 1)
        if len(starts) > TITLE_LIMIT:
            break
    found = f"more than {len(starts)} sections or stray '~'"
    raise refusal("header-too-large", "header", found, "a handful of sections", "check what the file is")


def _is_data_title(line: bytes) -> bool:
    line = line.removeprefix(codecs.BOM_UTF8)
    return section_kind(line.split(b"\n")[0].decode("latin-1").strip()) == "A"


def closed_span(text: bytes, start: int, stop: int) -> tuple[bytes, tuple[int, int]]:
    r"""Return bytes and span of a block without trailing padding, its last line ended by "\n"."""
    while stop > start and text[stop - 1] in PADDING:
        stop -= 1
    if text[stop : stop + 1] == b"\n":
        return text, (start, stop + 1)
    lines = text[start:stop] + b"\n"
    return lines, (0, len(lines))


def _large_header(size: int) -> UnreadableFileError:
    found = f"{size / 1e6:.0f} MB and no data section within the first {HEADER_LIMIT // MEBI} MiB"
    return refusal("header-too-large", "header", found, "a header of a few kB, then ~A", "check what the file is")
