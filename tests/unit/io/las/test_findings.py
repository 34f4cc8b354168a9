"""The LAS examples of docs/reference/findings.md are real: each gives its code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import read_las
from helpers.pages import find_page

PAGE = find_page("findings.md")
PLAIN = """~Version
VERS. 2.0 : version
WRAP. NO : wrap
~Well
STRT.M 1500 : first
STOP.M 1503 : last
STEP.M 1 : step
NULL. -999.25 : missing
WELL. A-1 : well
~Curve
DEPT.M : depth
GR.GAPI : gamma
RHOB.G/CC : density
~Ascii
1500 50 2.3
1501 60 2.4
1502 70 2.5
1503 80 2.6
"""
HEADER, ROWS = PLAIN[: PLAIN.index("1500 50")], PLAIN[PLAIN.index("1500 50") :]
SECOND = "~Curve\nDEPT.M : depth\nSP.MV : potential\n~Ascii\n"


def changed(*changes: str) -> str:
    """The plain file with (old, new) pairs replaced."""
    text = PLAIN
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new)
    return text


def rows(*lines: str) -> str:
    """The plain header above other rows."""
    return HEADER + "\n".join(lines) + "\n"


def long(unit: str, first: float, step: float) -> str:
    """Forty values of RHOB in some unit."""
    values = [f"{1500 + n} 50 {first + step * n:g}" for n in range(40)]
    return rows(*values).replace("G/CC", unit).replace("STOP.M 1503", "STOP.M 1539")


EXAMPLES: dict[str, str] = {
    "not-las": "Dear all,\nplease find the log attached.\n",
    "version-unknown": changed("VERS. 2.0", "VERS. two"),
    "misplaced-title": changed("~Curve\n", "~Curve\n~Well\n"),
    "data-title-missing": changed("~Ascii\n", "~Parameter\n"),
    "stray-line": changed("GR.GAPI : gamma\n", "GR.GAPI : gamma\nCurves below are edited\n"),
    "header-too-large": changed("RHOB.G/CC : density\n", "X.M : again\n" * 61),
    "absurd-size": changed("STOP.M 1503", "STOP.M 1e9"),
    "no-data": HEADER.replace("~Ascii\n", ""),
    "no-curves": changed("GR.GAPI : gamma\nRHOB.G/CC : density\n", ""),
    "several-data-sections": PLAIN.replace("STOP.M 1503", "STOP.M 1505") + "~Ascii\n1504 55 2.3\n1505 60 2.4\n",
    "sections-merged": PLAIN + SECOND + "1500 -40\n1501 -41\n1502 -42\n1503 -43\n",
    "other-section": PLAIN + SECOND + "900 -40\n901 -41\n",
    "column-count": rows("1500 50 2.3 7", "1501 60 2.4 7", "1502 70 2.5 7", "1503 80 2.6 7"),
    "ragged-row": PLAIN.replace("STOP.M 1503", "STOP.M 1504") + "1504 44\n",
    "column-order": changed("~Ascii", "~A DEPT RHOB GR"),
    "wrap-conflict": rows("1500", "50", "2.3 0", "1501", "60", "2.4 0")
    .replace("~Ascii", "SP.MV : sp\n~Ascii")
    .replace("STOP.M 1503", "STOP.M 1501"),
    "column-titles": changed("1500 50", "DEPT GR RHOB\n1500 50"),
    "colon-after-depth": changed("1500 ", "1500: ", "1501 ", "1501: ", "1502 ", "1502: ", "1503 ", "1503: "),
    "blank-cells": rows(*[f"{1500 + n}  {50 + n}  2.3" if n != 5 else "1505      2.3" for n in range(40)]).replace(
        "STOP.M 1503", "STOP.M 1539"
    ),
    "run-on": changed("1501 60 2.4", "1501 60-999.25"),
    "text-column": rows("1500 sand 2.3", "1501 shale 2.4", "1502 sand 2.5", "1503 sand 2.6"),
    "unreadable-cell": changed("1501 60 2.4", "1501 60 -1.#IND"),
    "missing-word": changed("1501 60 2.4", "1501 (null) 2.4"),
    "decimal-comma": rows("1500 50,5 2.3", "1501 60,5 2.4", "1502 70,5 2.5", "1503 80,5 2.6"),
    "thousands-separator": changed("1500 5", "1,500 5", "1501 ", "1,501 ", "1502 ", "1,502 ", "1503 8", "1,503 8"),
    "comma-ambiguous": rows("1,500 2,300", "1,501 2,301", "1,502 2,302")
    .replace("GR.GAPI : gamma\n", "")
    .replace("STRT.M 1500", "STRT.M"),
    "infinite": changed("1501 60 2.4", "1501 1e400 2.4"),
    "null-missing": changed("NULL. -999.25 :", "NULL. :"),
    "null-conflict": changed("NULL. -999.25 : missing", "NULL. -999.25 : missing\nNULL. -9999 : missing"),
    "null-plausible": changed("NULL. -999.25", "NULL. 0", "1501 60", "1501 0"),
    "null-rounded": changed("1501 60 2.4", "1501 60 -999.2"),
    "other-null": changed("1501 60 2.4", "1501 60 -9999"),
    "no-depth-index": changed("DEPT.M", "TIME.S"),
    "depth-unit-missing": changed("DEPT.M", "DEPT.", "STRT.M", "STRT."),
    "depth-unit-conflict": changed("STRT.M", "STRT.FT"),
    "depth-unit-unsure": changed("DEPT.M", "DEPT.HFT", "STRT.M", "STRT.HFT"),
    "depth-converted": changed("DEPT.M", "DEPT.FT", "STRT.M", "STRT.FT"),
    "depth-reversed": rows(*reversed(ROWS.splitlines()))
    .replace("STRT.M 1500", "STRT.M 1503")
    .replace("STOP.M 1503", "STOP.M 1500"),
    "depth-not-monotonic": changed("1502 70", "1500.5 70"),
    "depth-repeated": changed("1502 70", "1501 70"),
    "depth-missing": changed("1502 70", "-999.25 70"),
    "depth-implausible": changed("1502 70", "1e9 70"),
    "strt-mismatch": changed("STRT.M 1500", "STRT.M 100"),
    "stop-mismatch": changed("STOP.M 1503", "STOP.M 1501"),
    "step-mismatch": changed("STEP.M 1 ", "STEP.M 10 "),
    "depth-gap": rows(*[f"{1500 + n + 7 * (n > 3)} 50 2.3" for n in range(33)]).replace("STOP.M 1503", "STOP.M 1539"),
    "elevation-index": changed(*[text for n in "0123" for text in (f"150{n} ", f"-150{n} ")]).replace("M 1", "M -1"),
    "truncated": changed("STOP.M 1503", "STOP.M 3200"),
    "too-short": rows("1500 50 2.3"),
    "ambiguous-curve": changed("GR.GAPI", "ILD.OHMM", "RHOB.G/CC", "LLD.OHMM"),
    "curve-chosen": rows("1500 80 82", "1501 81 83", "1502 82 84", "1503 83 85")
    .replace("GR.GAPI", "DTC.US/FT")
    .replace("RHOB.G/CC", "DT4P.US/FT"),
    "possible-curve": changed("RHOB.G/CC", "RHBA.G/CC"),
    "curve-renamed": changed("RHOB.G/CC", "DEN.G/CC"),
    "unit-converted": changed(
        "RHOB.G/CC", "DEN.KG/M3", "50 2.", "50 230", "60 2.", "60 230", "70 2.", "70 230", "80 2.", "80 230"
    ),
    "unknown-unit": changed("GR.GAPI", "GR.CPS"),
    "unit-missing": changed("RHOB.G/CC", "RHOB."),
    "unit-contradicted": long("G/CC", 2300, 5),
    "implausible-values": changed(
        "50 2.3", "4000 2.3", "60 2.4", "4100 2.4", "70 2.5", "4200 2.5", "80 2.6", "4300 2.6"
    ),
}


def documented() -> dict[str, str]:
    """Example of each code in the LAS tables of the page, and of the LAS codes that other files share."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    tables = "".join(section for section in sections if section.startswith("LAS:"))
    shared = "".join(section for section in sections if section.startswith("Any file"))
    rows_of = re.compile(r"^\| `([a-z-]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
    both = {code: example for code, example in rows_of.findall(shared) if code in EXAMPLES}
    return dict(rows_of.findall(tables)) | both


def codes_of(folder: Path, text: str) -> set[str]:
    path = folder / "x.las"
    path.write_text(text)
    try:
        return {finding.code for finding in read_las(path).findings}
    except UnreadableFileError as error:
        return {finding.code for finding in error.findings}


def test_the_plain_file_has_no_findings(tmp_path: Path):
    assert codes_of(tmp_path, PLAIN) == set()


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_gives_its_code_and_no_other(tmp_path: Path, code: str):
    assert codes_of(tmp_path, EXAMPLES[code]) == {code}


def test_every_las_code_of_the_page_has_an_example():
    assert set(documented()) == set(EXAMPLES)


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_page_shows_the_example(code: str):
    """What the page quotes stands in the file that gives the code."""
    for quoted in re.findall(r"`([^`]+)`", documented()[code]):
        assert quoted in EXAMPLES[code], quoted
