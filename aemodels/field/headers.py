"""Well headers in one form: contractor, year of logging, and the key by which files belong to one well."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.header_items import tells_place_or_tool
from aemodels.field.tools import curve_tool, file_tools

MAX_TEXT, MAX_FINDINGS, MAX_CURVES = 200, 100, 300  # of a file, so that a damaged header cannot fill the metadata
MIN_NAME = 4  # characters of a well's name that identify it without a number: many wells are called "1"
_NO_VALUE = frozenset({"", "UNKNOWN", "NONE", "NA", "N", "N A", "NULL", "NOT AVAILABLE"})
_IDENTIFIERS = ("UWI", "API", "APIN")
_PLACE_CURVES = frozenset({"X_LOC", "Y_LOC"})  # coordinates along the well; the first are those of its top
_YEAR = re.compile(r"(?<!\d)(19[2-9]\d|20\d\d)(?!\d)")


def describe_file(recording: Recording, scores: Scores) -> dict[str, Any]:
    """Return what a field's scorecard needs of a file beside its score columns, as JSON values.

    Args:
        recording: as it was read.
        scores: its scores, whose findings are added to those of the reader.

    Returns:
        {"name", "headers": {mnemonic: text}, "units": {mnemonic: unit of a header that tells the place}, "curves":
        [[name, mnemonic in the file, tool]], "findings": [[severity, code, where, found]], "bad_hole_m": float or
        None}.
    """
    from aemodels.signal.bad_hole import bad_hole  # imports pandas, which the scorecard does without

    findings: tuple[Finding, ...] = (*recording.findings, *scores.findings)
    hole = bad_hole(recording) if recording.kind == "logs" else None
    step = float((recording.axis[-1] - recording.axis[0]) / max(recording.axis.size - 1, 1))
    channels = recording.channels[:MAX_CURVES] if recording.kind == "logs" else ()
    headers = _headers(recording)
    tools = file_tools(headers)
    return {
        "name": recording.name[:MAX_TEXT],
        "headers": headers,
        "units": {
            name: str(unit)[:MAX_TEXT]
            for name, unit in dict(recording.headers.get("units", {})).items()
            if unit and tells_place_or_tool(name)
        },
        "curves": [
            [
                channel.name[:MAX_TEXT],
                str(channel.headers.get("mnemonic", channel.name))[:MAX_TEXT],
                curve_tool(channel.headers, tools),
            ]
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
    return {"name": name[:MAX_TEXT], "headers": {}, "units": {}, "curves": [], "findings": told, "bad_hole_m": None}


def _headers(recording: Recording) -> dict[str, str]:
    """Return the items of the well section, those of others where it is silent, and X and Y that are curves."""
    well = {
        str(key)[:MAX_TEXT]: str(value)[:MAX_TEXT]
        for key, value in list(dict(recording.headers.get("well", {})).items())[:MAX_CURVES]
    }
    for key, value in dict(recording.headers.get("parameters", {})).items():
        if not well.get(key, "").strip():
            well[key] = str(value)[:MAX_TEXT]
    if recording.kind != "logs":
        return well  # its channels are traces
    for channel, values in zip(recording.channels, recording.values, strict=True):
        name = str(channel.headers.get("mnemonic", channel.name)).upper()
        if name in _PLACE_CURVES and not well.get(name):
            seen = values[np.isfinite(values)]
            if seen.size:
                well[name] = repr(float(seen[0]))
    return well


def unfamiliar_curves(curves: Sequence[Sequence[str]]) -> list[str]:
    """Return the mnemonics of a file's curves that no canonical curve was found for."""
    return [mnemonic for name, mnemonic, *_ in curves if name not in CANONICAL]


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
