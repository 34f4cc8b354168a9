"""Surface location of a well or line, from headers in all their forms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from aemodels.curves.header_items import EAST, LATITUDE, LONGITUDE, NORTH, PLACE_TEXTS, ZONE

Position: TypeAlias = tuple[str, float, float]
FOOT = 0.3048
FEET = frozenset({"F", "FT", "FEET", "FOOT", "FTUS", "USFT", "US_FT", "FT-US"})
MIN_GRID = 1e4  # a smaller number behind N or E is a distance from the side of a section of land
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_HEMISPHERE = re.compile(r"(?<![A-Z])([NSEW])(?:ORTH|OUTH|AST|EST)?(?![A-Z])")
_PAIR = re.compile(r"X\s*[:=]\s*(-?[\d.,]+)\s*([a-z]*)[\s,;]+Y\s*[:=]\s*(-?[\d.,]+)", re.IGNORECASE)
_ONE = re.compile(
    r"(?:(?P<before>[EN])\s*)?(?P<number>[\d,]+(?:\.\d+)?)\s*(?P<unit>m|ft|ftus)?\s*(?P<behind>[EN])?", re.I
)
_ZONE = re.compile(r"(?<!\d)([1-9]|[1-5]\d|60)(?:\.0*)?\s*([C-HJ-NP-X]?)(?![\w.])")
ANGLES = ("seconds of arc", "decimal degrees", "degrees, minutes and seconds")  # as the finding of the reader says


def position(headers: Mapping[str, str], units: Mapping[str, str] | None = None) -> Position | None:
    r"""Return the surface location: ("degrees", longitude, latitude) or ("grid", east, north); None if it is missing.

    X and Y of a UTM zone become degrees, with an error of some 200 m if they refer to an old datum; other X and Y are
    in m.

    Args:
        headers: upper-case mnemonic → text.
        units: units of these items.

    >>> position({"LATI": "38 30' 36\" N", "LONG": "98 15 W"})
    ('degrees', -98.25, 38.51)
    >>> position({"X": "560160", "Y": "6686430", "ZONE": "53J"})
    ('degrees', 135.623448, -29.951459)
    """
    latitude, longitude = (_degrees(_first(headers, names)) for names in (LATITUDE, LONGITUDE))
    if latitude is not None and longitude is not None and _is_place(longitude, latitude):
        return ("degrees", longitude, latitude)
    found = _grid(headers, units or {}) or _in_text([headers.get(name, "") for name in PLACE_TEXTS])
    if found is None or not any(found):
        return None
    zone = _utm_zone(headers)
    placed = _from_utm(*found, zone) if zone else None
    return ("degrees", *placed) if placed else ("grid", *found)


def line_position(ends: Sequence[float], unit: str) -> tuple[str, float, float, float, float] | None:
    """Return the ends of a line: ("degrees" or "grid", X, Y, X, Y); None if they are no place.

    Args:
        ends: X and Y of the first and the last trace, as in the trace headers, scaled.
        unit: the unit of angles among `ANGLES`, "" for lengths.

    >>> line_position([-98.25 * 3600, 38.5 * 3600, -98.0 * 3600, 38.0 * 3600], "seconds of arc")
    ('degrees', -98.25, 38.5, -98.0, 38.0)
    >>> line_position([-981500.0, 383000.0, -980000.0, 380000.0], "degrees, minutes and seconds")
    ('degrees', -98.25, 38.5, -98.0, 38.0)
    """
    if unit not in ANGLES:
        x0, y0, x1, y1 = (round(value, 3) for value in ends)
        return ("grid", x0, y0, x1, y1)
    x0, y0, x1, y1 = (round(_angle(value, unit), 6) for value in ends)
    return ("degrees", x0, y0, x1, y1) if _is_place(x0, y0) and _is_place(x1, y1) else None


def _angle(value: float, unit: str) -> float:
    """Return degrees of an angle in one of the units of `ANGLES`."""
    if unit == ANGLES[2]:
        return _unpacked(value)
    return value / 3600.0 if unit == ANGLES[0] else value


def _is_place(longitude: float, latitude: float) -> bool:
    return abs(latitude) <= 90 and abs(longitude) <= 180 and bool(latitude or longitude)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name] for name in names if headers.get(name, "").strip()), "")


def _degrees(text: str) -> float | None:
    """Return decimal degrees of a number, or of degrees, minutes and seconds, with a sign or a hemisphere.

    >>> _degrees("58.5 degrees"), _degrees("S 10 30"), _degrees("0583000.0 N"), _degrees("58 75 00")
    (58.5, -10.5, 58.5, None)
    """
    parts = [float(part) for part in _NUMBER.findall(text)]
    if not 1 <= len(parts) <= 3 or any(part >= 60 for part in parts[1:]):
        return None
    hemisphere = _HEMISPHERE.search(text.upper())
    value: float = sum(part / 60.0**place for place, part in enumerate(parts))
    if len(parts) == 1 and hemisphere and value >= 1e4:
        value = _unpacked(value)
    negative = text.strip().startswith(("-", "\u2212")) or (hemisphere is not None and hemisphere[1] in "SW")
    return round(-value if negative else value, 6)


def _unpacked(value: float) -> float:
    """Return degrees of a number that is written DDDMMSS.ss."""
    whole = abs(value)
    degrees, minutes, seconds = whole // 1e4, whole % 1e4 // 100, whole % 100
    return math.copysign(degrees + minutes / 60.0 + seconds / 3600.0, value)


def _grid(headers: Mapping[str, str], units: Mapping[str, str]) -> tuple[float, float] | None:
    """Return X and Y of their own items, m."""
    found = []
    for names in (EAST, NORTH):
        name = next((name for name in names if _plain(headers.get(name, "")) is not None), "")
        value = _plain(headers.get(name, ""))
        if value is None:
            return None
        found.append(value * FOOT if units.get(name, "").upper() in FEET else value)
    return round(found[0], 3), round(found[1], 3)


def _in_text(texts: Sequence[str]) -> tuple[float, float] | None:
    """Return X and Y in the texts of a location: "X: 1 ft, Y: 2 ft", or a number behind or before E and N.

    >>> _in_text(["E 512345.5", "N 4123456.0"]), _in_text(["653 FSL 824 FWL", ""])
    ((512345.5, 4123456.0), None)
    """
    ways: dict[str, float] = {}
    for text in texts:
        if (pair := _PAIR.search(text)) is not None:
            east, north = (_plain(pair[group].replace(",", "")) for group in (1, 3))
            scale = FOOT if pair[2].upper() in FEET else 1.0
            return None if east is None or north is None else (round(east * scale, 3), round(north * scale, 3))
        one = _ONE.fullmatch(text.strip())
        way = (one["before"] or one["behind"] or "").upper() if one else ""
        value = _plain(one["number"].replace(",", "")) if one else None
        if one and way and value is not None and value >= MIN_GRID:
            ways[way] = round(value * (FOOT if (one["unit"] or "").upper() in FEET else 1.0), 3)
    return (ways["E"], ways["N"]) if len(ways) == 2 else None


def _from_utm(east: float, north: float, zone: tuple[int, bool]) -> tuple[float, float] | None:
    """Return longitude and latitude in degrees; None if these are not coordinates of UTM.

    Args:
        east: m, with the false easting.
        north: m, with the false northing of a southern zone.
        zone: its number, 1 to 60, and True if it is a southern one.

    >>> _from_utm(500_000.0, 0.0, (31, False)), _from_utm(5e6, 0.0, (31, False))
    ((3.0, 0.0), None)
    """
    import utm  # on demand: few headers name a zone

    number, south = zone
    try:
        latitude, longitude = utm.to_latlon(east, north, number, northern=not south)
    except utm.OutOfRangeError:
        return None
    return round(float(longitude), 6), round(float(latitude), 6)


def _utm_zone(headers: Mapping[str, str]) -> tuple[int, bool] | None:
    """Return number and hemisphere (True = south) of a UTM zone, None if the header does not name one.

    A zone without the letter of its band is one of UTM only if the header says so.

    >>> _utm_zone({"HZCS": "UTM 16"}), _utm_zone({"ZONE": "53J"}), _utm_zone({"ZONE": "4"})
    ((16, False), (53, True), None)
    """
    said = any("UTM" in headers.get(name, "").upper() for name in ZONE)
    for name in ZONE:
        text = re.sub(r"UTM|ZONE", " ", headers.get(name, "").upper())
        found = _ZONE.search(text)
        if found and (found[2] or said or name.startswith("UTM")):
            south = found[2] == "S" or ("C" <= found[2] <= "M")
            return int(found[1]), south or "SOUTH" in text
    return None


def _plain(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e8 else None
