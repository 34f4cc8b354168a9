"""Header of a LAS file."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lasio

from aemodels.io.las.file_sections import refusal
from aemodels.io.las.text_sections import MARK, LasSection, LasText, is_data

CURVE_SECTION = "~Curve section"
TITLES = {"V": "~Version\n", "W": "~Well\n", "C": "~Curve\n", "P": "~Parameter\n"}
DELIMITERS = {"COMMA": ",", "TAB": "\t", ",": ","}
ITEM_LIMIT, LINE_LIMIT, REPEAT_LIMIT = 3000, 4096, 60
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")


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
    """

    name: str
    mnemonic: str
    unit: str
    description: str
    order: int = 0
    section: str = CURVE_SECTION


@dataclass(frozen=True)
class LasHeader:
    """Contents of the header.

    Args:
        curves: one per data column, depth index first.
        well: upper-case mnemonic -> value in the well section, as text.
        units: upper-case mnemonic -> unit in the well section.
        wrapped: True if one depth step spans several lines.
        nulls: the values of NULL, in the order of the file.
        delimiter: declared column delimiter; None if not declared (blanks).
    """

    curves: tuple[LasCurve, ...]
    well: Mapping[str, str]
    units: Mapping[str, str]
    wrapped: bool
    delimiter: str | None
    nulls: tuple[float, ...] = ()

    def number(self, mnemonic: str) -> float | None:
        """Return the value of a well item; None if it is not a number."""
        return parse_number(self.well.get(mnemonic, ""))


def parse_number(text: str) -> float | None:
    """Parse a decimal number; None for anything else (words, dates, 1.#IND, 1_000).

    >>> parse_number("1.0D+03"), parse_number("1.#IND")
    (1000.0, None)
    """
    text = text.strip()
    return float(text.upper().replace("D", "E")) if NUMBER.fullmatch(text) else None


def read_header(text: LasText, curves: LasSection | None = None) -> LasHeader:
    """Parse the header sections with lasio.

    lasio receives the text of the first version and well sections and of one curve section, never a path, since it
    would fetch a path that looks like a URL.

    Args:
        text: the decoded file.
        curves: the curve section; by default the first.

    Returns:
        The header.

    Raises:
        UnreadableFileError: if a section is too large.
        ValueError, KeyError, TypeError, AttributeError, IndexError: errors of lasio on a header that it cannot parse.
    """
    parts = []
    for kind in "VWC":
        section = next(iter(text.of_kind(kind)), None) if kind != "C" or curves is None else curves
        if section is not None:
            _refuse_bomb(text, section, kind)
            parts += [TITLES[kind], *(text.lines[index].replace(MARK, "").rstrip() + "\n" for index in section.body)]
    las = lasio.read(io.StringIO("".join(parts)), ignore_data=True, ignore_header_errors=True, mnemonic_case="preserve")
    version = {item.mnemonic.upper(): str(item.value).strip().upper() for item in las.version}
    nulls = [parse_number(str(item.value)) for item in las.well if item.original_mnemonic.upper() == "NULL"]
    return LasHeader(
        nulls=tuple(dict.fromkeys(value for value in nulls if value is not None)),
        curves=tuple(_curve(item) for item in las.curves),
        well={item.original_mnemonic.upper(): str(item.value).strip() for item in las.well},
        units={item.original_mnemonic.upper(): str(item.unit).strip() for item in las.well},
        wrapped=version.get("WRAP", "NO").startswith("Y"),
        delimiter=DELIMITERS.get(version.get("DLM", "")),
    )


def _refuse_bomb(text: LasText, section: LasSection, kind: str) -> None:
    """Reject large sections: lasio's time grows with the square of the items and the cube of equal mnemonics."""
    lines = [text.lines[index] for index in section.body if is_data(text.lines[index])]
    where = f"~{kind} section, line {section.title + 1}"
    remedy = "check what the file is; split its curves over several files"
    if len(lines) > ITEM_LIMIT:
        raise refusal("header-too-large", where, f"{len(lines)} items", f"at most {ITEM_LIMIT}", remedy)
    if max(map(len, lines), default=0) > LINE_LIMIT:
        found = f"a line of {max(map(len, lines))} characters"
        raise refusal("header-too-large", where, found, f"at most {LINE_LIMIT}", remedy)
    mnemonic, count = next(iter(Counter(line.split(".")[0].strip() for line in lines).most_common(1)), ("", 0))
    if count > REPEAT_LIMIT:
        found = f"{mnemonic[:40]!r} {count} times"
        raise refusal("header-too-large", where, found, f"a mnemonic at most {REPEAT_LIMIT} times", remedy)


def _curve(item: Any) -> LasCurve:
    return LasCurve(
        name=str(item.mnemonic).strip(),
        mnemonic=str(item.original_mnemonic).strip() or str(item.mnemonic).strip(),
        unit=str(item.unit).strip(),
        description=str(item.descr).strip(),
    )
