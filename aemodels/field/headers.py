"""Well headers in one form: contractor, year of logging, coordinates, and the key by which files belong to one well."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores
from aemodels.curves.canonical import CANONICAL

MAX_TEXT, MAX_FINDINGS, MAX_CURVES = 200, 100, 300  # of a file, so that a damaged header cannot fill the metadata
MIN_NAME = 4  # characters of a well's name that identify it without a number: many wells are called "1"
_NO_VALUE = frozenset({"", "UNKNOWN", "NONE", "NA", "N", "N A", "NULL", "NOT AVAILABLE"})
_LATITUDE, _LONGITUDE = ("LATI", "LAT", "LATITUDE"), ("LONG", "LON", "LONGITUDE")
_EAST, _NORTH = ("XCOORD", "X", "EAST", "EASTING", "XWELL"), ("YCOORD", "Y", "NORTH", "NORTHING", "YWELL")
_IDENTIFIERS = ("UWI", "API", "APIN")
_YEAR = re.compile(r"(?<!\d)(19[2-9]\d|20\d\d)(?!\d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def describe_file(recording: Recording, scores: Scores) -> dict[str, Any]:
    """Return what a field's scorecard needs of a file beside its score columns, as JSON values.

    Args:
        recording: as it was read.
        scores: its scores, whose findings are added to those of the reader.

    Returns:
        {"name", "headers": {mnemonic: text}, "curves": [[name, mnemonic in the file]], "findings": [[severity, code,
        where, found]], "bad_hole_m": float or None}.
    """
    from aemodels.signal.bad_hole import bad_hole  # imports pandas, which the scorecard does without

    findings: tuple[Finding, ...] = (*recording.findings, *scores.findings)
    hole = bad_hole(recording) if recording.kind == "logs" else None
    step = float((recording.axis[-1] - recording.axis[0]) / max(recording.axis.size - 1, 1))
    channels = recording.channels[:MAX_CURVES] if recording.kind == "logs" else ()
    return {
        "name": recording.name[:MAX_TEXT],
        "headers": {
            str(key)[:MAX_TEXT]: str(value)[:MAX_TEXT]
            for key, value in list(dict(recording.headers.get("well", {})).items())[:MAX_CURVES]
        },
        "curves": [
            [channel.name[:MAX_TEXT], str(channel.headers.get("mnemonic", channel.name))[:MAX_TEXT]]
            for channel in channels
        ],
        "findings": [
            [one.severity, one.code, one.where[:MAX_TEXT], one.found[:MAX_TEXT]] for one in findings[:MAX_FINDINGS]
        ],
        "bad_hole_m": None if hole is None else round(float(hole.sum()) * step, 3),
    }


def describe_line(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the same for a line that is larger than memory: its name and the findings of the reader."""
    told = [[one.severity, one.code, one.where[:MAX_TEXT], one.found[:MAX_TEXT]] for one in findings[:MAX_FINDINGS]]
    return {"name": name[:MAX_TEXT], "headers": {}, "curves": [], "findings": told, "bad_hole_m": None}


def unfamiliar_curves(curves: Sequence[Sequence[str]]) -> list[str]:
    """Return the mnemonics of a file's curves that no canonical curve was found for."""
    return [mnemonic for name, mnemonic in curves if name not in CANONICAL]


def contractor(headers: Mapping[str, str]) -> str:
    """Return the logging contractor in one spelling, "" if the header does not name it.

    >>> contractor({"SRVC": "Log-Tech"}), contractor({"SRVC": "log tech "}), contractor({"SRVC": "Unknown"})
    ('LOG TECH', 'LOG TECH', '')
    """
    name = " ".join(re.sub(r"[^\w&]+", " ", headers.get("SRVC", "")).upper().split())
    return "" if name in _NO_VALUE else name


def year_of_logging(headers: Mapping[str, str]) -> int | None:
    """Return the year of the log's date; None if there is none, or if it is the date of an export.

    >>> year_of_logging({"DATE": "27-NOV-2002"}), year_of_logging({"DATE": "2020-08-09 : Log Export Date"})
    (2002, None)
    """
    date = headers.get("DATE", "")
    found = _YEAR.search(date)
    return int(found[1]) if found and "export" not in date.lower() else None


def position(headers: Mapping[str, str]) -> tuple[str, float, float] | None:
    r"""Return the surface location: ("degrees", longitude, latitude) or ("grid", east, north); None if it is missing.

    >>> position({"LATI": "38 30' 36\" N", "LONG": "98 15 W"})
    ('degrees', -98.25, 38.51)
    """
    latitude, longitude = (_degrees(_first(headers, names)) for names in (_LATITUDE, _LONGITUDE))
    if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
        return ("degrees", longitude, latitude) if latitude or longitude else None
    east, north = (_plain(_first(headers, names)) for names in (_EAST, _NORTH))
    return ("grid", east, north) if east is not None and north is not None and (east or north) else None


def well_key(headers: Mapping[str, str], name: str) -> str:
    """Return the key that files of one well share: its number, else its name; "" if neither identifies it.

    >>> well_key({"API": "15-003-24217"}, "1"), well_key({}, "1"), well_key({}, "Dubois #8X")
    ('1500324217', '', 'DUBOIS8X')
    """
    for field in _IDENTIFIERS:
        found = re.sub(r"\W", "", headers.get(field, "")).upper()
        if found.isdigit() and 8 <= len(found) <= 16:
            return found[:10] if len(found) >= 10 and field != "UWI" else found
        if len(found) >= MIN_NAME and found not in _NO_VALUE and not found.isdigit():
            return found
    plain = re.sub(r"\W", "", name).upper()
    return plain if len(plain) >= MIN_NAME and plain not in _NO_VALUE else ""


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name] for name in names if headers.get(name, "").strip()), "")


def _degrees(text: str) -> float | None:
    """Return decimal degrees of a number, or of degrees, minutes and seconds, with a sign or a hemisphere."""
    parts = [float(part) for part in _NUMBER.findall(text)]
    if not 1 <= len(parts) <= 3 or any(part >= 60 for part in parts[1:]):
        return None
    value: float = sum(part / 60.0**place for place, part in enumerate(parts))
    negative = text.strip().startswith(("-", "\u2212")) or re.search(r"[SW]", text.upper()) is not None
    return round(-value if negative else value, 6)


def _plain(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e8 else None
