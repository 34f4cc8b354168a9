"""Logging tools by which curves were measured, as far as a file names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aemodels.curves.header_items import FILE_ID, TOOL

MAX_TOOL = 60  # characters
NO_NAME = frozenset({"", "UNKNOWN", "NONE", "NA", "N/A", "NULL", "NOT AVAILABLE", "TOOL", "TOOL STRING"})
# Of wireline services, as their operators print them in headers and descriptions; no words and no names of curves.
# fmt: off
WIRELINE_TOOLS = frozenset({
    "ACRT", "AIT", "AITH", "BHC", "CMR", "CNL", "CNT", "CNTG", "DIL", "DIT", "DLL", "DLT", "DSI", "DSN", "DSNT",
    "DSST", "EDTC", "FDC", "FMI", "FMS", "GPIT", "HDIL", "HNGS", "HRLA", "HRLT", "LDL", "LDT", "LSS", "MCFL", "MSFL",
    "MSIP", "NGS", "NGT", "OBMI", "PEX", "RTSCANNER", "SDL", "SDLT", "SGT", "SLT", "TLD", "WSST", "XMAC", "ZDL",
})
# fmt: on
# Kinds of logs by the first two digits of the eight of an API curve code, as LAS files use them: 45 280 is the caliper
# of a density tool. Of the codes in public files those whose curves leave no doubt.
LOG_CODES = {
    "05": "induction",
    "07": "dual induction",
    "15": "microlog",
    "42": "neutron",
    "43": "density",
    "45": "density",
    "60": "sonic",
}
_IN_BRACKETS = re.compile(r"\(([A-Z]{2,5}-[A-Z0-9]{1,3})\)")
_WORD = re.compile(r"[A-Z]{3,9}(?![\w-])")
_API_CODE = re.compile(r"(\d{1,2})\s+\d{3}(?:\s+\d{1,2}){1,2}")


def curve_tool(channel: Mapping[str, Any], whole: str = "") -> str:
    """Return the tool that measured a curve, "" if the file does not name it.

    In this order: the tool of the channel (DLIS, LIS), a tool in the description, the tool or tools of the file, and
    the kind of tool that an API code stands for.

    Args:
        channel: headers of the channel.
        whole: tools of the whole file, from `file_tools`.

    >>> curve_tool({"description": "Lithology Density (LDP-DA) Correction"}, "PEX")
    'LDP-DA'
    >>> curve_tool({"description": "Gamma ray", "api_code": "45 310 01 00"})
    'density tool (API 45)'
    """
    description = str(channel.get("description", ""))
    return (
        _name(str(channel.get("tool", "")))
        or _described(description)
        or whole
        or _kind_of_log(str(channel.get("api_code", "")))
    )


def file_tools(items: Mapping[str, str]) -> str:
    """Return the tool or tool string that the header of a file names, "" if there is none.

    >>> file_tools({"TOOL1": "AIT-H", "TOOL2": "LDT", "DATE": "2001"})
    'AIT-H + LDT'
    >>> file_tools({"FILE-ID": "AIT_SONIC_TLD_MCFL_029PUP"}), file_tools({"FILE-ID": "FINAL_2"})
    ('AIT SONIC TLD MCFL', '')
    """
    named = [_name(value) for key, value in sorted(items.items()) if TOOL.fullmatch(key.upper())]
    names = list(dict.fromkeys(name for name in named if name))
    if names:
        return " + ".join(names)[:MAX_TOOL]
    for key in FILE_ID:
        parts = [part for part in re.split(r"[_\W]+", items.get(key, "").upper()) if part.isalpha()]
        if not WIRELINE_TOOLS.isdisjoint(parts):
            return " ".join(parts)[:MAX_TOOL]
    return ""


def _name(text: str) -> str:
    """Return the name of a tool in one spelling, "" if it is none, e.g. a serial number.

    >>> _name(" ait-h "), _name("12345"), _name("N/A")
    ('AIT-H', '', '')
    """
    name = " ".join(text.upper().split())
    return "" if name in NO_NAME or len(re.findall(r"[^\W\d_]", name)) < 2 else name[:MAX_TOOL]


def _described(description: str) -> str:
    """Return the tool in the description of a curve."""
    if (found := _IN_BRACKETS.search(description)) is not None:
        return found[1]
    return next((word for word in _WORD.findall(description) if word in WIRELINE_TOOLS), "")


def _kind_of_log(code: str) -> str:
    found = _API_CODE.fullmatch(code.strip())
    number = found[1].zfill(2) if found else "00"
    if number == "00":
        return ""
    return f"{LOG_CODES[number]} tool (API {number})" if number in LOG_CODES else f"API log code {number}"
