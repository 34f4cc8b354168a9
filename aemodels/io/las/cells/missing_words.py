"""Words that programs write for a missing value."""

from __future__ import annotations

import re

MISSING_WORDS = frozenset({"", "nan", "null", "(null)", "none", "na", "n/a", "-", "--", "---", "----", "."})
# Errors of spreadsheets, of the C library of Windows, and fields too narrow for their number.
FAILED_NUMBER = re.compile(
    r"#(?:N/A|NA|NULL!?|REF!?|VALUE!?|DIV/0!?|NUM!?|NAME\?)"
    r"|[+-]?1?\.?#?(?:IND|INF|QNAN|SNAN)[0-9A-Z]{0,8}"
    r"|[+-]?1\.#(?:IND|INF|QNAN|SNAN)[0-9A-Z]{0,8}"
    r"|[+-]?NAN(?:\([A-Z]{0,8}\))?"
    r"|[*?#]{2,400}|\.{2,400}"
    r"|ABSENT|MISSING|BLANK|<NA>|\(NAN\)",
    re.IGNORECASE,
)


def is_missing(cell: str) -> bool:
    """Return True for a word that stands for a missing value.

    >>> is_missing("#N/A"), is_missing("-1.#IND"), is_missing("****"), is_missing("sand")
    (True, True, True, False)
    """
    return cell.lower() in MISSING_WORDS or FAILED_NUMBER.fullmatch(cell) is not None
