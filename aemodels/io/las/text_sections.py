"""A LAS file as text: decoding, lines and sections, for reader and writer."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from aemodels.core.findings import Finding
from aemodels.curves.tables import is_depth
from aemodels.io.files.encodings import likely_codec

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MARK = "\ufeff"
OF_NUMBERS = frozenset("+-0123456789.,;eE \t")
MIN_UNTITLED_ROWS = 3
DATA_TITLE = re.compile(r"data(?:\s.{0,80})?")
LAS3_KINDS = {"definition": "C", "parameter": "P", "data": "A"}


@dataclass(frozen=True)
class LasSection:
    """One "~" section.

    Args:
        kind: "V" version, "W" well, "C" curves, "P" parameters, "O" other, "A" data; "X" any other section.
        title: index of its title line.
        stop: exclusive end, in lines.
        titled: False for rows of data without an ~A line; `title` is then the line before the first row.
    """

    kind: str
    title: int
    stop: int
    titled: bool = True

    @property
    def body(self) -> range:
        """Indices of the lines below the title."""
        return range(self.title + 1, self.stop)


@dataclass(frozen=True)
class LasText:
    """A decoded LAS file; joining `lines` and encoding with `codec` gives its bytes.

    Args:
        lines: lines with their line ends; the first one includes any byte order mark.
        codec: detected encoding.
        sections: sections in the order of the file.
    """

    lines: tuple[str, ...]
    codec: str
    sections: tuple[LasSection, ...]

    @property
    def newline(self) -> str:
        """The line end of the first line."""
        first = self.lines[0] if self.lines else "\n"
        return first[len(first.rstrip("\r\n")) :] or "\n"

    def of_kind(self, kind: str) -> tuple[LasSection, ...]:
        """Return all sections of a kind."""
        return tuple(section for section in self.sections if section.kind == kind)

    def data_lines(self, section: LasSection) -> list[int]:
        """Return the indices of the lines that are neither blank nor a comment."""
        return [index for index in section.body if is_data(self.lines[index])]


def is_data(line: str) -> bool:
    """Return True if a line is neither blank nor a comment; DOS end-of-file marks and zero padding count as blank."""
    stripped = line.strip(" \t\r\n\f\v\x1a\x00")
    return bool(stripped) and stripped[0] != "#"


def decode(data: bytes) -> tuple[str, str]:
    """Decode the bytes of a file.

    Tried in order: a byte order mark; UTF-16 without one (LAS is mostly ASCII, so one byte of each pair is zero);
    UTF-8 if valid; the encoding in which units and words of the header make sense; cp1252; latin-1, which accepts any
    bytes.

    Args:
        data: bytes of the file.

    Returns:
        (text, codec); `text.encode(codec)` equals `data`.
    """
    for codec in candidates(data):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        return text, codec
    return data.decode("latin-1"), "latin-1"


def candidates(data: bytes) -> Iterator[str]:
    """Yield the encodings to try, most likely first."""
    for mark, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            yield codec
    head = data[:2000]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.35 * len(head):
        yield "utf-16-be" if even > odd else "utf-16-le"
    yield "utf-8"
    yield likely_codec(data)
    yield "cp1252"


def parse_text(data: bytes) -> LasText:
    """Decode a file and find its sections."""
    text, codec = decode(data)
    whole = sectioned(text, codec)
    if not whole.of_kind("A"):
        whole, _ = with_data_title(whole)
    return with_curve_title(whole)[0]


def sectioned(text: str, codec: str) -> LasText:
    """Return a decoded file with its sections as titled."""
    lines = tuple(split_lines(text))
    titles = [index for index, line in enumerate(lines) if line.lstrip(MARK + " \t").startswith("~")]
    stops = [*titles, len(lines)][1:]
    sections = tuple(
        LasSection(section_kind(lines[title].lstrip(MARK + " \t")), title, stop)
        for title, stop in zip(titles, stops, strict=True)
    )
    return LasText(lines, codec, sections)


def with_curve_title(text: LasText) -> tuple[LasText, tuple[Finding, ...]]:
    """Return a file in which the section below an empty ~Curve title is the curve section if it begins with a depth."""
    sections = list(text.sections)
    for number, (empty, below) in enumerate(pairwise(text.sections)):
        lines = text.data_lines(below)
        named = lines and is_depth(text.lines[lines[0]].partition(".")[0].strip())
        if empty.kind == "C" and not text.data_lines(empty) and below.kind not in "CA" and named:
            sections[number : number + 2] = [replace(empty, kind="X"), replace(below, kind="C")]
            found = f"{text.lines[below.title].strip()[:80]!r} between the ~Curve title and the curves"
            remedy = "its lines are read as curves; delete the title"
            where = f"line {below.title + 1}"
            finding = Finding("warning", "misplaced-title", where, found, "curves below the ~Curve title", remedy)
            return replace(text, sections=tuple(sections)), (finding,)
    return text, ()


def with_data_title(text: LasText) -> tuple[LasText, tuple[Finding, ...]]:
    """Return a file without an ~A line in which the rows of numbers at its end are the data section."""
    first = len(text.lines)
    if not text.sections or text.sections[-1].kind not in "VWCPO" or not text.of_kind("C"):
        return text, ()
    for index in range(len(text.lines) - 1, text.sections[-1].title, -1):
        if is_data(text.lines[index]):
            characters = set(text.lines[index].strip())
            if not characters <= OF_NUMBERS or characters.isdisjoint("0123456789"):
                break
            first = index
    if len(text.lines) - first < MIN_UNTITLED_ROWS:
        return text, ()
    last = replace(text.sections[-1], stop=first)
    data = LasSection("A", first - 1, len(text.lines), titled=False)
    found, where = "rows of numbers without an ~A line above them", f"line {first + 1}"
    remedy = "read as the data section; write a line ~A before them"
    finding = Finding("warning", "data-title-missing", where, found, "an ~A line", remedy)
    return replace(text, sections=(*text.sections[:-1], last, data)), (finding,)


def split_lines(text: str) -> list[str]:
    """Split text into lines with their line ends (carriage returns and line feeds only)."""
    return LINE.findall(text)


def definition_of(text: LasText, data: LasSection) -> LasSection | None:
    """Return the curve section of a data section.

    It is the one named in the title ("~Log_Data[2] | Log_Definition[2]"), or the one with the same number, or the
    nearest before it, or the first of the file; None if there are none.
    """
    sections = text.of_kind("C")
    names = {_title_parts(text.lines[section.title])[0]: section for section in reversed(sections)}
    own, named = _title_parts(text.lines[data.title])
    before = [section for section in sections if section.title < data.title]
    return (
        names.get(named)
        or names.get(own.replace("_data", "_definition"))
        or next(iter([*before[::-1], *sections]), None)
    )


def _title_parts(line: str) -> tuple[str, str]:
    """Return the name of a section and the name after "|", in lower case without blanks.

    >>> _title_parts("~Log_Data[2] | Log_Definition[2]")
    ('log_data[2]', 'log_definition[2]')
    """
    name, _, named = re.sub(r"\s", "", line.lower().replace(MARK, "")).lstrip("~").partition("|")
    return name, named


def section_kind(title: str) -> str:
    """Return the kind of a section from its title line.

    LAS 1.2 and 2.0 name sections by their first letter; LAS 3.0 has Log_Definition, Log_Parameter, Log_Data, and
    further triples (core, tops, ...) that are not logs.

    >>> section_kind("~Ascii Log Data"), section_kind("~Log_Data | Log_Definition"), section_kind("~Core_Data[1]")
    ('A', 'A', 'X')
    """
    word = re.sub(r"^~\s*", "", title).split("|")[0].strip().lower()
    triple = re.match(r"(\w+)_(definition|parameter|data)\b", word)
    if triple and triple[1] not in ("ascii", "curve"):
        return LAS3_KINDS[triple[2]] if triple[1] == "log" else "X"
    letter = "A" if DATA_TITLE.fullmatch(word) else word[:1].upper()
    return letter if letter and letter in "VWCPOA" else "X"
