"""Header of a LAS file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aemodels.core.findings import Finding
from aemodels.curves.header_items import tells_place_or_tool
from aemodels.curves.tables import Aliases, is_unit
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.header_lines import (
    HeaderLine,
    IsUnit,
    as_value,
    header_number,
    is_doubtful,
    parse_line,
    parse_number,
)
from aemodels.io.las.text_sections import MARK, LasSection, LasText, is_data

__all__ = ["CURVE_SECTION", "LasCurve", "LasHeader", "parse_number", "read_header"]
CURVE_SECTION = "~Curve section"
DELIMITERS = {"COMMA": ",", "TAB": "\t", ",": ",", "SEMICOLON": ";", ";": ";"}
ITEM_LIMIT, LINE_LIMIT, REPEAT_LIMIT = 3000, 2**20, 60
NUMERIC_ITEMS = ("STRT", "STOP", "STEP", "NULL")
IDENTIFIERS = ("API", "UWI")
API_CODE = re.compile(r"[\d ]{2,20}")
NUMBERED_UNIT = re.compile(r"(\d{1,2})\.(.{1,20})")  # of a mnemonic with a run number, "GR.1.GAPI"
DECIMAL_COMMA = re.compile(r"(\d),(\d)")


@dataclass(frozen=True)
class LasCurve:
    """One line of a curve section.

    Args:
        name: unique name in its section.
        mnemonic: mnemonic as spelled in the file.
        unit: unit as spelled in the file.
        description: the rest of the line.
        order: 0 for the log that is read, higher for other logs of the file that are read with it.
        section: name of the part of the file that describes its curves, for messages.
        tool: logging tool that the file names for the channel, "" if none.
        api_code: API code of the curve as text, "" if none.
    """

    name: str
    mnemonic: str
    unit: str
    description: str
    order: int = 0
    section: str = CURVE_SECTION
    tool: str = ""
    api_code: str = ""


@dataclass(frozen=True)
class LasHeader:
    """Contents of the header.

    Args:
        curves: one per data column, depth index first.
        well: upper-case mnemonic -> value in the well section, as text.
        units: upper-case mnemonic -> unit in the well section.
        wrapped: True if one depth step spans several lines.
        delimiter: declared column delimiter; None if not declared (blanks).
        nulls: the values of NULL, in the order of the file.
        findings: what was left out or assumed.
        depth_column: column of the depth in the data.
        items: mnemonic of a well item -> its name in another format, for messages.
        others: upper-case mnemonic -> (unit, value) of items of the version and parameter sections that tell place or
            tool, as text.
    """

    curves: tuple[LasCurve, ...]
    well: Mapping[str, str]
    units: Mapping[str, str]
    wrapped: bool
    delimiter: str | None
    nulls: tuple[float, ...] = ()
    findings: tuple[Finding, ...] = ()
    depth_column: int = 0
    items: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def number(self, mnemonic: str) -> float | None:
        """Return the value of a well item; None if it is not a number."""
        return header_number(self.well.get(mnemonic, ""))

    def item(self, mnemonic: str) -> str:
        """Return the name of a well item in the file's format, for messages."""
        return self.items.get(mnemonic, mnemonic)


def read_header(
    text: LasText,
    curves: LasSection | None = None,
    *,
    aliases: Aliases | None = None,
    widths: Collection[int] = (),
) -> LasHeader:
    """Parse the header sections.

    Args:
        text: the decoded file.
        curves: the curve section; by default the first.
        aliases: mnemonics and units; by default those of aliases.yaml.
        widths: possible numbers of cells per row of data; they reveal remarks among the curve lines.

    Returns:
        The header.

    Raises:
        UnreadableFileError: if a section is too large.
    """

    def known(unit: str) -> bool:
        return is_unit(unit, aliases)

    version = {item.mnemonic.upper(): item.value.upper() for item in _items(text, "V", known)}
    number = header_number(version.get("VERS", "2.0"))
    well = [_in_order(item, old=number is not None and number < 2) for item in _items(text, "W", known)]
    nulls = [parse_number(_plain(item.value)) for item in well if item.mnemonic.upper() == "NULL"]
    definition = next(iter(text.of_kind("C")), None) if curves is None else curves
    lines, remarks = ((), ()) if definition is None else _curve_lines(text, definition, widths)
    findings = [_remark(text, index) for index in remarks]
    if number is None:
        findings.append(_no_version(version["VERS"]))
    step = next((item.value for item in well if item.mnemonic.upper() == "STEP"), "")
    parsed = [parse_line(text.lines[index].replace(MARK, ""), known) for index in lines]
    found = [_with_unit(line, known, step) for line in parsed if line is not None]
    return LasHeader(
        curves=tuple(_named(found)),
        well={item.mnemonic.upper(): _plain(item.value, item.mnemonic) for item in well},
        units={item.mnemonic.upper(): _without_step(item.unit, step, known) for item in well},
        wrapped=version.get("WRAP", "NO").startswith("Y"),
        delimiter=DELIMITERS.get(version.get("DLM", "")),
        nulls=tuple(dict.fromkeys(value for value in nulls if value is not None)),
        findings=tuple(findings),
        others=_other_items(text, known),
    )


def _other_items(text: LasText, known: IsUnit) -> dict[str, tuple[str, str]]:
    """Return unit and value of items outside the well section that tell where and by which tool a well was logged."""
    found: dict[str, tuple[str, str]] = {}
    for section in (*text.of_kind("V"), *text.of_kind("P")):
        for index in _data_lines(text, section)[:ITEM_LIMIT]:
            line = text.lines[index].replace(MARK, "")
            if tells_place_or_tool(line.partition(".")[0].strip()) and len(line) < LINE_LIMIT:
                item = parse_line(line, known)
                if item is not None and item.value:
                    found.setdefault(item.mnemonic.upper(), (item.unit, item.value))
    return found


def _items(text: LasText, kind: str, known: IsUnit) -> Iterator[HeaderLine]:
    """Yield the items of the first section of a kind."""
    section = next(iter(text.of_kind(kind)), None)
    if section is None:
        return
    lines = _data_lines(text, section)
    _refuse_bomb(text, section, lines, kind)
    for index in lines:
        item = parse_line(text.lines[index].replace(MARK, ""), known)
        if item is not None:
            yield as_value(item, known)


def _data_lines(text: LasText, section: LasSection) -> list[int]:
    return [index for index in section.body if is_data(text.lines[index])]


def _in_order(item: HeaderLine, *, old: bool) -> HeaderLine:
    """Return a well item; before LAS 2.0 the description stands first, except for numbers."""
    if not old or item.mnemonic in NUMERIC_ITEMS or item.mnemonic.upper() in NUMERIC_ITEMS:
        return item
    return replace(item, value=item.description, description=item.value)


def _curve_lines(text: LasText, section: LasSection, widths: Collection[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the lines that describe curves, and remarks among them, which the number of columns tells apart."""
    lines = _data_lines(text, section)
    _refuse_bomb(text, section, lines, "C")
    if len(lines) in widths:
        return lines, ()
    without_colon = [index for index in lines if ":" not in text.lines[index]]
    few = without_colon if 2 * len(without_colon) < len(lines) else []
    doubtful = [index for index in lines if is_doubtful(text.lines[index])]
    for remarks in (doubtful, sorted({*doubtful, *few})):
        kept = [index for index in lines if index not in set(remarks)]
        if remarks and (len(kept) in widths or not widths):
            return kept, remarks
    return lines, ()


def _with_unit(line: HeaderLine, known: IsUnit, step: str) -> HeaderLine:
    """Return a curve line with its unit, which may stand in the place of the value."""
    first, _, rest = line.value.partition(" ")
    if not line.unit and known(first) and API_CODE.fullmatch(rest.strip()):
        return replace(line, unit=first, value=rest.strip())
    if not line.unit and line.value and known(line.value):
        return replace(line, unit=line.value, value="")
    numbered = NUMBERED_UNIT.fullmatch(line.unit)
    if numbered and known(numbered[2]) and not known(line.unit):
        return replace(line, mnemonic=f"{line.mnemonic}.{numbered[1]}", unit=numbered[2])
    return replace(line, unit=_without_step(line.unit, step, known))


def _without_step(unit: str, step: str, known: IsUnit) -> str:
    """Return a unit without the sampling step before it: "0.5 FT" is feet if STEP is 0.5."""
    first, _, rest = unit.partition(" ")
    size, stated = parse_number(first), header_number(step)
    if size is not None and size == stated and known(rest) and not known(unit):
        return rest
    return unit


def _plain(value: str, mnemonic: str = "") -> str:
    """Return a value; a number is written in the shortest form, with a decimal point, unless it is an identifier."""
    if mnemonic.upper() in IDENTIFIERS or header_number(value) is None:
        return value
    text = DECIMAL_COMMA.sub(r"\1.\2", value)
    for kind in (np.int64, np.float64):
        try:
            number = kind(text)
        except (ValueError, OverflowError):
            continue
        return str(number) if np.isfinite(number) else value
    return value


def _refuse_bomb(text: LasText, section: LasSection, indices: Sequence[int], kind: str) -> None:
    """Reject sections that no header has."""
    lines = [text.lines[index] for index in indices]
    where = f"~{kind} section, line {section.title + 1}"
    remedy = "check what the file is; split its curves over several files"
    if len(lines) > ITEM_LIMIT:
        raise refusal("header-too-large", where, f"{len(lines)} items", f"at most {ITEM_LIMIT}", remedy)
    longest = max(indices, key=lambda index: len(text.lines[index]), default=0)
    if lines and len(text.lines[longest]) > LINE_LIMIT:
        found = f"a line of {len(text.lines[longest])} characters"
        where, remedy = f"line {longest + 1}", "shorten the line"
        raise refusal("header-too-large", where, found, f"at most {LINE_LIMIT}", remedy)
    mnemonic, count = next(iter(Counter(line.split(".")[0].strip() for line in lines).most_common(1)), ("", 0))
    if count > REPEAT_LIMIT:
        found = f"{mnemonic[:40]!r} {count} times"
        raise refusal("header-too-large", where, found, f"a mnemonic at most {REPEAT_LIMIT} times", remedy)


def _named(lines: Sequence[HeaderLine]) -> Iterator[LasCurve]:
    """Yield the curves under unique names: of repeated mnemonics each gets its number, "GR:1", "GR:2"."""
    mnemonics = [line.mnemonic or "UNKNOWN" for line in lines]
    counts, seen = Counter(mnemonics), Counter[str]()
    for line, mnemonic in zip(lines, mnemonics, strict=True):
        seen[mnemonic] += 1
        name = f"{mnemonic}:{seen[mnemonic]}" if counts[mnemonic] > 1 else mnemonic
        code = line.value if API_CODE.fullmatch(line.value) else ""
        yield LasCurve(name, mnemonic, line.unit, line.description, api_code=code)


def _remark(text: LasText, index: int) -> Finding:
    found, remedy = repr(text.lines[index].strip()[:80]), "the line is skipped; start a remark with #"
    return Finding("warning", "stray-line", f"line {index + 1}", found, "mnemonic.unit : description", remedy)


def _no_version(value: str) -> Finding:
    expected, remedy = "1.2, 2.0 or 3.0", "read as 2.0; correct VERS"
    return Finding("info", "version-unknown", "VERS", repr(value[:40]), expected, remedy)
