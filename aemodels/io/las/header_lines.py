"""One line of a LAS header: mnemonic, unit, value and description."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

QUOTES = ("'", '"')
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
GROUPED_NUMBER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d*")
GLUED = re.compile(r"([^\d.,+-]*)([+-]?[\d.,].*)")  # "M1500.0": a unit and a value without a blank
WIDE_GAP = re.compile(r"\t\t+|\t* {2,}\s*")
NUMERIC_ITEMS = frozenset({"STRT", "STOP", "STEP", "NULL"})
ONE_WORD_ITEMS = NUMERIC_ITEMS | {"VERS", "WRAP", "DLM"}
MAX_MNEMONIC_WORDS = 4
IsUnit = Callable[[str], bool]
# of several dots at the start of a line, blanks between them or not, the last one counts
LEADING_DOTS = re.compile(r"\A(?:\.\s*)+(?=\.)")


@dataclass(frozen=True)
class HeaderLine:
    """The four fields of "mnemonic.unit value : description", without surrounding blanks."""

    mnemonic: str
    unit: str
    value: str
    description: str


def parse_number(text: str) -> float | None:
    """Parse a decimal number; None for anything else (words, dates, 1.#IND, 1_000).

    >>> parse_number("1.0D+03"), parse_number("1.#IND")
    (1000.0, None)
    """
    text = text.strip()
    return float(text.upper().replace("D", "E")) if NUMBER.fullmatch(text) else None


def header_number(text: str) -> float | None:
    """Parse the number of a header item, also with a decimal comma, separated thousands, or words beside it.

    "1,500" may be 1500 or 1.5: it is none.

    >>> header_number("1500,5"), header_number("1,500.0"), header_number("1500.0 FT"), header_number("1,500")
    (1500.5, 1500.0, 1500.0, None)
    """
    for word in (text.strip(), *text.split()):
        number = parse_number(word)
        if number is None and GROUPED_NUMBER.fullmatch(word):
            number = parse_number(word.replace(",", ""))
        if number is None and COMMA_NUMBER.fullmatch(word) and not _may_be_grouped(word):
            number = parse_number(word.replace(",", "."))
        if number is not None:
            return number
    return None


def _may_be_grouped(word: str) -> bool:
    whole, _, rest = word.lstrip("+-").partition(",")
    return len(rest) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")


def is_doubtful(line: str) -> bool:
    """Return True for a line of a curve section that may not describe a curve but be a remark.

    >>> is_doubtful("Curves below are edited"), is_doubtful("GAMMA RAY.GAPI : natural")
    (True, False)
    """
    text = line.strip()
    name, dot, _ = text.partition(".")
    return (
        text.startswith((*QUOTES, "#"))
        or not dot
        or name.strip().upper() == "MNEM"
        or ":" in name
        or len(name.split()) > MAX_MNEMONIC_WORDS
    )


def parse_line(line: str, is_unit: IsUnit) -> HeaderLine | None:
    """Parse a line of a header section; linear in its length.

    The delimiters are those of LAS 2.0: the first dot, the first blank after it, and the last colon. A line without a
    colon has a description only behind a wide gap. Two dots in a row belong to the unit if it is known with the dot
    (".1IN"), else the first is part of the mnemonic ("Res..OHMM").

    Args:
        line: the line.
        is_unit: returns True for a known spelling of a unit.

    Returns:
        The fields; None if the line has neither a dot nor a colon.

    >>> parse_line("GR .GAPI  45 310 : gamma", lambda unit: True)
    HeaderLine(mnemonic='GR', unit='GAPI', value='45 310', description='gamma')
    """
    text = LEADING_DOTS.sub("", line.strip())
    colon, dot = text.find(":"), text.find(".")
    if dot < 0 or 0 <= colon < dot:
        return None if colon < 0 else HeaderLine(text[:colon].strip(), "", text[colon + 1 :].strip(), "")
    if dot == 0 and text.find(".", 1) > 0 and not is_unit(text.split(maxsplit=1)[0]):
        return parse_line(text[1:], is_unit)
    last = text.rfind(":")
    body, description = (text[:last], text[last + 1 :].strip()) if last > dot else (text, "")
    mnemonic, rest = _split_mnemonic(body, is_unit)
    unit, value = _split_unit(rest)
    if last <= dot:
        value, description = _without_colon(mnemonic, value)
    return _joined(HeaderLine(mnemonic, unit, value, description), is_unit)


def as_value(line: HeaderLine, is_unit: IsUnit) -> HeaderLine:
    """Return a line of the ~Version or ~Well section in which the value may touch the dot or the unit.

    >>> as_value(HeaderLine("STRT", "M1500.0", "", ""), lambda unit: unit == "M")
    HeaderLine(mnemonic='STRT', unit='M', value='1500.0', description='')
    """
    name = line.mnemonic.upper()
    if line.unit and not is_unit(line.unit) and not (line.value and name in NUMERIC_ITEMS):
        glued = GLUED.fullmatch(line.unit) if name in ONE_WORD_ITEMS else None
        if glued and (not glued[1] or is_unit(glued[1])):
            return replace(line, unit=glued[1], value=f"{glued[2]} {line.value}".strip())
        if name == "WELL" or (not line.value and name in ONE_WORD_ITEMS - NUMERIC_ITEMS):
            return replace(line, unit="", value=f"{line.unit} {line.value}".strip())
    return line


def _split_mnemonic(body: str, is_unit: IsUnit) -> tuple[str, str]:
    """Return the mnemonic and what follows its dot."""
    double = body.find("..")
    if double > 0 and not (double > body.find(".") and body[double - 1].isspace()):
        unit = _split_unit(body[double + 1 :])[0]
        if is_unit(unit):
            return body[:double].strip(), body[double + 1 :]
        return body[:double].strip().rstrip("."), body[double + 2 :]
    mnemonic, _, rest = body.partition(".")
    return mnemonic.strip(), rest


def _split_unit(rest: str) -> tuple[str, str]:
    """Return the unit, up to the first blank, and the value; "1000 psi" is one unit."""
    unit, _, value = rest.partition(" ") if "\t" not in rest else _at_blank(rest)
    if unit.isdigit() and value[:1].strip():
        more, _, value = _at_blank(value)
        unit = f"{unit} {more}"
    unit = unit.strip(".") if unit.endswith(".") else unit
    if len(unit) >= 2 and unit[0] + unit[-1] in ("[]", "()"):
        unit = unit[1:-1]
    return unit.strip(), value.strip()


def _at_blank(text: str) -> tuple[str, str, str]:
    at = next((place for place, character in enumerate(text) if character.isspace()), len(text))
    return text[:at], text[at : at + 1], text[at + 1 :]


def _without_colon(mnemonic: str, value: str) -> tuple[str, str]:
    """Return value and description of a line without a colon."""
    gap = WIDE_GAP.search(value)
    if gap:
        value, description = value[: gap.start()], value[gap.end() :]
    elif mnemonic.upper() in ONE_WORD_ITEMS:
        value, _, description = _at_blank(value)
    else:
        description = ""
    return " ".join(value.split("\t")), " ".join(description.split())


def _joined(line: HeaderLine, is_unit: IsUnit) -> HeaderLine:
    """Return a line whose unit has a blank in it ("US FT"), or stands behind blanks in the place of the value."""
    first, _, rest = line.value.partition(" ")
    if not first or is_unit(line.unit):
        return line
    if line.unit and is_unit(f"{line.unit}{first}"):
        return replace(line, unit=f"{line.unit} {first}", value=rest.strip())
    if parse_number(line.unit) is not None and is_unit(first):
        return replace(line, unit=f"{line.unit} {first}", value=rest.strip())
    return line
