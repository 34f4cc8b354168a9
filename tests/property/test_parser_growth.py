"""Time to read a file grows with its size, and not with its square, whatever the file holds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io.readers import read

FACTOR = 4  # of two sizes; quadratic work would take 16 times as long
MAX_RATIO = 9.0
FLOOR_SECONDS = 0.05  # shorter times are mostly the fixed cost of a file
HEADER = (
    "~Version\nVERS. 2.0 : v\nWRAP. NO : w\n~Well\nSTRT.m 100 : s\nSTOP.m 119.5 : s\nSTEP.m 0.5 : s\n"
    "NULL. -999.25 : n\nWELL. A-1 : WELL\n"
)
CURVES = "~Curve\nDEPT.m : depth\nGR.gAPI : gamma\nRHOB.g/cm3 : density\n"
DATA = "~Ascii\n" + "".join(f"{100 + n / 2} {50 + n} {2 + n / 100}\n" for n in range(40))
PLAIN = HEADER + CURVES + DATA


def lines(pattern: str) -> Callable[[int], str]:
    return lambda n: "".join(pattern.format(k, k=k) for k in range(n))


def cell(pattern: str) -> Callable[[int], str]:
    """A file with one long cell."""
    return lambda n: PLAIN.replace("100.5 51 2.01", f"100.5 {pattern * n} 2.01")


def header(pattern: str) -> Callable[[int], str]:
    """A file with one long line among its curves."""
    return lambda n: HEADER + CURVES + pattern * n + "\n" + DATA


def rows(pattern: str) -> Callable[[int], str]:
    return lambda n: HEADER + CURVES + "~Ascii\n" + lines(pattern)(n)


SHAPES: dict[str, tuple[Callable[[int], str], int]] = {
    **{
        f"cell of {p!r}": (cell(p), 40_000)
        for p in ("1", "1.2", "-", "1-", "1e", "1,", "x", "-999.25", "1/", "1:", '"a ')
    },
    **{
        f"header line of {p!r}": (header(p), 20_000)
        for p in (".", ". ", ":", "X", "X ", "1 ", ".1 ", "X.", "\t", "(", '"')
    },
    "start of many digits": (lambda n: PLAIN.replace("STRT.m 100", "STRT.m " + "1" * n), 40_000),
    "step of many digits": (lambda n: PLAIN.replace("STEP.m 0.5", "STEP.m 0." + "1" * n), 40_000),
    "null of many digits": (lambda n: PLAIN.replace("-999.25", "-" + "9" * n), 40_000),
    "curve lines without a dot": (lambda n: HEADER + CURVES + lines("LINE{k} without{k}\n")(n) + DATA, 700),
    "well lines without a dot": (lambda n: HEADER + lines("LINE{k} without{k}\n")(n) + CURVES + DATA, 700),
    "parameters without a dot": (lambda n: HEADER + CURVES + "~P\n" + lines("LINE{k} x\n")(n) + DATA, 700),
    "one curve many times": (lambda n: HEADER + CURVES + "GR.gAPI : x\n" * n + DATA, 700),
    "many curves": (
        lambda n: HEADER + CURVES + lines("GR{k}.gAPI : {k}\n")(n) + "~A\n" + (" 1" * (n + 3) + "\n") * 9,
        600,
    ),
    "many curve sections": (lambda n: HEADER + CURVES * n + DATA, 100),
    "many curve sections with data": (lambda n: HEADER + (CURVES + DATA) * n, 25),
    "many data sections": (lambda n: HEADER + CURVES + DATA * n, 100),
    "many empty sections": (lambda n: HEADER + CURVES + "~X\n" * n + DATA, 400),
    "comments": (lambda n: HEADER + CURVES + "# c\n" * n + DATA, 20_000),
    "rows of text": (rows("a b c\n"), 10_000),
    "rows of other lengths": (
        lambda n: HEADER + CURVES + "~A\n" + "".join("1 " * (k % 7 + 1) + "\n" for k in range(n)),
        10_000,
    ),
    "rows of dates": (rows("{k} 2020-01-01 12:00:00\n"), 10_000),
    "rows without blanks": (rows("{k:8.2f} -999.25-999.25\n"), 10_000),
    "names of data": (lambda n: HEADER + CURVES + "~A " + lines("N{k} ")(n) + "\n1 2 3\n2 3 4\n", 5_000),
}
TABLES: dict[str, tuple[Callable[[int], str], int]] = {
    "csv: field of digits": (lambda n: "DEPT,GR\nm,gAPI\n1,2\n2," + "1" * n + "\n", 50_000),
    "csv: field of text": (lambda n: "DEPT,GR\nm,gAPI\n1,2\n2," + "x" * n + "\n", 50_000),
    "csv: quote that is never closed": (lambda n: 'DEPT,GR\n1,2\n2,"' + "a,\n" * n, 20_000),
    "csv: many columns": (lambda n: "DEPT," + lines("GR{k},")(n) + "X\n" + ("1," * (n + 1) + "1\n") * 9, 500),
    "csv: decimal commas": (lambda n: "DEPT;GR\n" + lines("{k},5;{k},25\n")(n), 10_000),
    "csv: title lines": (lambda n: "#x\n" * n + "DEPT,GR\n1,2\n2,3\n", 10_000),
}


def seconds(path: Path, text: str) -> float:
    """Processor time of reading a file, used or refused; the best of two."""
    path.write_text(text, encoding="utf-8")
    found = []
    for _ in range(2):
        began = time.process_time()
        with contextlib.suppress(UnreadableFileError):
            read(path)
        found.append(time.process_time() - began)
    return min(found)


@pytest.mark.parametrize("shape", [*SHAPES, *TABLES])
def test_time_grows_with_the_size_only(shape, tmp_path):
    make, size = (SHAPES | TABLES)[shape]
    path = tmp_path / ("x.csv" if shape in TABLES else "x.las")
    small, large = seconds(path, make(size)), seconds(path, make(FACTOR * size))
    assert large <= MAX_RATIO * max(small, FLOOR_SECONDS), f"{size}: {small:.3f} s, {FACTOR * size}: {large:.3f} s"


def test_the_cell_and_the_header_that_took_minutes_take_a_moment(tmp_path):
    assert seconds(tmp_path / "a.las", cell("1")(160_000)) < 2.0
    assert seconds(tmp_path / "b.las", HEADER + CURVES + lines("LINE{k} without\n")(800) + DATA) < 2.0
    assert seconds(tmp_path / "c.las", HEADER + CURVES * 2000 + DATA) < 2.0
