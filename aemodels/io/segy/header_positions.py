"""Byte positions of inline, crossline and coordinates in the trace headers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.spec import Spec
from aemodels.io.segy.trace_headers import HeaderTable

MAX_LINE_NUMBER = 2**24  # larger than any survey; text read as a number is far above
MAX_COORDINATE = 2e7  # in m; the largest northings are 1e7
MIN_EASTING, MAX_NORTHING = 1e3, 1e7  # m, on any map projection
ROUND_BITS = 8  # words of floats of metres and simple fractions are multiples of it
ENSEMBLE = 21
# Revision 0 has no positions for line numbers and midpoints; these were common. Bytes 13 and 25 (trace in the record,
# trace in the ensemble) are not tried, since they form a grid in every shot record.
LINE_POSITIONS = ((9, 21), (17, 21), (5, 21), (221, 225))
COORDINATE_POSITIONS = ((73, 77), (81, 85), (201, 205))


class HeaderPositions(Spec):
    """First bytes of four-byte integers in the 240-byte trace header, counted from 1."""

    inline: int = Field(default=189, ge=1, le=237, description="byte position of the inline number")
    crossline: int = Field(default=193, ge=1, le=237, description="byte position of the crossline number")
    cdp_x: int = Field(default=181, ge=1, le=237, description="byte position of the X coordinate of the midpoint")
    cdp_y: int = Field(default=185, ge=1, le=237, description="byte position of the Y coordinate of the midpoint")


STANDARD = HeaderPositions()


def parse_positions(text: str) -> HeaderPositions:
    """Parse positions given as text; omitted fields keep their standard positions.

    >>> parse_positions("inline=9,crossline=21").crossline
    21

    Args:
        text: "inline=9,crossline=21", in any order.

    Raises:
        DataError: if a field is unknown or given twice, or its byte is not a number from 1 to 237.
    """
    fields, given = list(HeaderPositions.model_fields), {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in fields or name in given or not number.isdecimal():
            raise DataError(
                f"header positions {text!r}: found {part.strip()!r}; expected FIELD=BYTE, each field of "
                f"{', '.join(fields)} at most once, e.g. inline=9,crossline=21"
            )
        given[name] = int(number)
    try:
        return HeaderPositions.model_validate(given)
    except ValidationError as error:
        wrong = ", ".join(f"{item['loc'][0]}={item['input']}" for item in error.errors())
        raise DataError(f"header positions {text!r}: found {wrong}; expected bytes from 1 to 237") from error


def choose_positions(headers: HeaderTable) -> tuple[HeaderPositions, tuple[Finding, ...]]:
    """Choose the standard positions (revision 1), or older ones if these are empty or implausible.

    Older positions need evidence: line numbers must form a grid that is at least half filled (or, on a single line,
    ensemble numbers must increase), and coordinates must vary in a stacked file, since in a gather the same bytes hold
    sources and receivers.

    Args:
        headers: headers of consecutive traces.

    Returns:
        (positions, findings about non-standard choices).
    """
    floats, _ = float_fields(headers, STANDARD)
    headers = replace(headers, floats=floats)
    stacked = np.unique(headers.column("offset")).size == 1
    lines, line_finding = _lines(headers, stacked=stacked)
    coordinates, coordinate_finding = _coordinates(headers, stacked=stacked)
    chosen = HeaderPositions(inline=lines[0], crossline=lines[1], cdp_x=coordinates[0], cdp_y=coordinates[1])
    return chosen, tuple(finding for finding in (line_finding, coordinate_finding) if finding)


def float_fields(headers: HeaderTable, positions: HeaderPositions) -> tuple[frozenset[int], tuple[Finding, ...]]:
    """Find fields that hold IEEE floats: as integers they are impossible, as floats they are line numbers or metres.

    Returns:
        (first bytes of these fields, findings).
    """
    found = {}
    metres = _float_metres(headers, positions)
    for name, position in positions.model_dump().items():
        values = headers.float_word(position)
        scaled = np.abs(headers.scaled(headers.word(position), "scalar"))
        largest = MAX_COORDINATE if name.startswith("cdp") else MAX_LINE_NUMBER
        smallest = scaled[scaled > 0].min(initial=np.inf)
        doubtful = position in metres and smallest > MAX_NORTHING
        if _largest(headers.word(position)) <= MAX_LINE_NUMBER or (smallest <= largest and not doubtful):
            continue
        whole = name.startswith("cdp") or bool((values == np.rint(values)).all())
        if np.isfinite(values).all() and whole and 0 < np.abs(values).max() <= largest:
            found[position] = f"{name} {headers.word(position)[0]} is {values[0]:.10g} as a float"
    if not found:
        return frozenset(), ()
    remedy = "these fields are read as IEEE floats, not scaled; write integers"
    finding = Finding("warning", "header-floats", "trace headers", "; ".join(found.values()), "integers", remedy)
    return frozenset(found), (finding,)


def _float_metres(headers: HeaderTable, positions: HeaderPositions) -> tuple[int, ...]:
    """Return the positions of coordinates that are metres as floats, if those of one have few binary digits.

    Then the last bits of its words are zero in all traces, which those of integers are not.
    """
    pair = (positions.cdp_x, positions.cdp_y)
    values, words = (np.array([read(position) for position in pair]) for read in (headers.float_word, headers.word))
    with np.errstate(invalid="ignore"):
        metres = np.isfinite(values) & (np.abs(values) > MIN_EASTING) & (np.abs(values) < MAX_NORTHING)
    round_words = words.shape[1] > 1 and not (words % ROUND_BITS).any(axis=1).all()
    return pair if metres.all() and round_words else ()


def _lines(headers: HeaderTable, *, stacked: bool) -> tuple[tuple[int, int], Finding | None]:
    standard = (STANDARD.inline, STANDARD.crossline)
    inline, crossline = (headers.word(position) for position in standard)
    if (inline.any() or crossline.any()) and max(_largest(inline), _largest(crossline)) <= MAX_LINE_NUMBER:
        return standard, None
    found = f"inline {_range(inline)}, crossline {_range(crossline)} at bytes 189 and 193"
    for pair in LINE_POSITIONS:
        if _is_grid(headers.word(pair[0]), headers.word(pair[1]), stacked=stacked):
            remedy = f"read from bytes {pair[0]} and {pair[1]}, where they form a grid"
            return pair, Finding("info", "line-positions", "trace headers", found, "line numbers", remedy)
    ensembles = headers.word(ENSEMBLE)
    if 0 <= ensembles.min() < ensembles.max() <= MAX_LINE_NUMBER and (np.diff(ensembles) >= 0).all():
        remedy = f"a single line: crossline is the ensemble number in byte {ENSEMBLE}"
        return (standard[0], ENSEMBLE), Finding(
            "info", "line-positions", "trace headers", found, "line numbers", remedy
        )
    if max(_largest(inline), _largest(crossline)) > MAX_LINE_NUMBER:
        remedy = "no other position fits; the numbers are used unchanged; give the byte positions"
        return standard, Finding("warning", "implausible-header", "trace headers", found, "line numbers", remedy)
    remedy = "no other position fits; give the byte positions if the traces have line numbers"
    return standard, Finding("info", "no-lines", "trace headers", found, "line numbers", remedy)


def _coordinates(headers: HeaderTable, *, stacked: bool) -> tuple[tuple[int, int], Finding | None]:
    standard = (STANDARD.cdp_x, STANDARD.cdp_y)
    if any(headers.word(position).any() for position in standard):
        return standard, None
    for pair in COORDINATE_POSITIONS if stacked else ():
        x, y = headers.word(pair[0]), headers.word(pair[1])
        if x.any() and y.any() and (np.ptp(x) or np.ptp(y) or x.size == 1):
            remedy = f"read from bytes {pair[0]} and {pair[1]}"
            found = "X and Y are 0 at bytes 181 and 185"
            return pair, Finding("info", "coordinate-positions", "trace headers", found, "coordinates", remedy)
    return standard, None


def _is_grid(inline: NDArray[np.int64], crossline: NDArray[np.int64], *, stacked: bool) -> bool:
    """Return True if two header words are the line numbers of a survey."""
    if min(inline.min(), crossline.min()) < 0 or max(inline.max(), crossline.max()) > MAX_LINE_NUMBER:
        return False
    lines, across = np.unique(inline).size, np.unique(crossline).size
    pairs = np.unique(np.stack([inline, crossline]), axis=1).shape[1]
    # One trace per bin in a stack, several in gathers; a shot record has one trace per "bin", at many offsets.
    full = pairs == inline.size if stacked else 2 * pairs <= inline.size
    return bool(lines > 1 and across > 1 and full and lines * across <= 2 * pairs)


def _largest(words: NDArray[np.int64]) -> int:
    return int(np.abs(words).max())


def _range(words: NDArray[np.int64]) -> str:
    low, high = int(words.min()), int(words.max())
    return str(low) if low == high else f"{low}..{high}"
