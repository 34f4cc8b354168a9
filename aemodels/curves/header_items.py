"""Items of well headers that say where a well lies and by which tool it was logged, in any section of a file."""

from __future__ import annotations

import re

LATITUDE = ("LATI", "LAT", "LATITUDE", "SURFLAT", "WELLLAT")
LONGITUDE = ("LONG", "LON", "LONGITUDE", "LONGI", "SURFLON", "SURFLONG", "WELLLONG")
EAST = ("XCOORD", "X", "EAST", "EASTING", "XWELL", "X_COORD", "UTMX", "UTM_X", "UTME", "UTM_E", "X_LOC", "XLOC")
NORTH = ("YCOORD", "Y", "NORTH", "NORTHING", "YWELL", "Y_COORD", "UTMY", "UTM_Y", "UTMN", "UTM_N", "Y_LOC", "YLOC")
ZONE = ("UTM_ZONE", "UTMZONE", "UTMZ", "UTM", "HZCS", "ZONE")
PLACE_TEXTS = ("LOC", "LOC1", "LOC2", "FL", "FL1", "FL2")  # free text that may hold X and Y
TOOL = re.compile(r"TOOL(_?(ID|NAME|TYPE|STRING|STR))?S?_?\d?|TLID|TSTR|LOGTOOL")
FILE_ID = ("FILE-ID", "FILE_ID", "FILEID")  # programs name the tools of a DLIS file in it
_LOCATION = frozenset({*LATITUDE, *LONGITUDE, *EAST, *NORTH, *ZONE, *PLACE_TEXTS})


def tells_place_or_tool(mnemonic: str) -> bool:
    """Return whether an item is one of these.

    >>> tells_place_or_tool("LATI"), tells_place_or_tool("tool1"), tells_place_or_tool("BHT")
    (True, True, False)
    """
    name = mnemonic.upper()
    return name in _LOCATION or name in FILE_ID or TOOL.fullmatch(name) is not None
