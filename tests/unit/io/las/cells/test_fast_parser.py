"""The fast parser: exact where it answers, silent where it should not."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.io.las.cells import fast_parser
from aemodels.io.las.cells.fast_parser import parse_fast
from aemodels.io.las.file_sections import DataBlock


def block(text: str) -> DataBlock:
    return DataBlock(0, text.encode(), (0, len(text)), "utf-8")


PLAIN = {
    "fixed": "  1.00  -999.25\n 20.50     3.00\n",
    "one line a character longer": " 1.00 -999.25\n20.50    3.000\n",
    "indented by turns": "1.00 -999.25\n  20.50 3.00\n",
    "blanks at the end": "1.00 -999.25  \n20.50 3.00 \n",
    "tabs": "1.00\t-999.25\n\t20.50 \t 3.00\t\n",
    "empty lines": "1.00 -999.25\n\n20.50 3.00\n\n",
    "fixed by chance, with blanks inside what look like columns": "1.00 -999.25 \n  20.50    3.0\n",
    "exponents": "1e0 -9.9925E+02\n2.05e1 3\n",
}


@pytest.mark.parametrize("layout", PLAIN)
@pytest.mark.parametrize("chunk", [fast_parser.CHUNK_BYTES, 1])
def test_plain_numbers_are_read_however_they_are_spaced(layout: str, chunk: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fast_parser, "CHUNK_BYTES", chunk)
    columns = parse_fast(block(PLAIN[layout]), 2, None)
    assert columns is not None
    np.testing.assert_array_equal(columns, [[1.0, 20.5], [-999.25, 3.0]])


@pytest.mark.parametrize(
    "text",
    [
        "1 2\n3\n",  # a short row
        "1 2\n3 4 5\n",  # a long one
        "1 2\n3 x\n",  # a word
        "1 2\n3 -1.#IND\n",  # lasio reads -1.0
        "1 2\n3 4,5\n",  # a decimal comma
        "1 2\n3 '4'\n",  # a quote
        "1 2\n34\n5 6\n",  # two rows that would make one
        "1 2\n   \n3 4\n",  # a line of blanks: the strict cells know what to do with it
        "1 2\n3 4\n     \n",
        " 1  2\n   3 \n",  # lines of equal length, one of them short
        "5 \n 6\n",  # two short rows as long as one complete row
        "1 2   \n3\n4\n5 6   \n",  # lines that together are as long as the others
        "1 2\n3 \v4\n",
        "1 2\n3 0x1F\n",
        "1 2\n3 1_000\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_strict_cells(text: str):
    assert parse_fast(block(text), 2, None) is None


def test_few_longer_lines_among_fixed_ones_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fast_parser, "CHUNK_BYTES", 100)
    rows = [(1000 + row / 8, 10.0 ** (row % 7) if row % 50 == 7 else row / 3) for row in range(300)]
    columns = parse_fast(block("".join(f"{a:10.4f} {b:10.3f}\n" for a, b in rows)), 2, None)
    assert columns is not None
    np.testing.assert_array_equal(np.transpose(columns), [[a, float(f"{b:.3f}")] for a, b in rows])


@pytest.mark.parametrize("text", ["1,2\n3\n", "1,2\n3,4,5\n", "1,2\n,4\n", "1,2\n3,x\n", "1,2\n3,4 5\n", "1,2,3\n4\n"])
def test_incomplete_rows_of_delimited_numbers_are_left_to_the_strict_cells(text: str):
    assert parse_fast(block(text), 2, ",") is None


def test_delimited_numbers_are_read_in_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fast_parser, "CHUNK_BYTES", 7)
    text = "".join(f"{row} ,\t{row / 7!r}\n" + "\n" * (row == 20) for row in range(50))
    columns = parse_fast(block(text), 2, ",")
    assert columns is not None
    np.testing.assert_array_equal(columns, [np.arange(50), np.arange(50) / 7])


def test_every_double_is_the_one_that_python_reads():
    rng = np.random.default_rng(7)
    numbers = rng.normal(size=(2000, 2)) * 10.0 ** rng.integers(-30, 30, size=(2000, 2))
    texts = [
        [f"{a:.{digits}g}", f"{b!r}"]
        for (a, b), digits in zip(numbers.tolist(), rng.integers(1, 18, 2000), strict=True)
    ]
    columns = parse_fast(block("".join(f" {a}   {b}\n" for a, b in texts)), 2, None)
    assert columns is not None
    np.testing.assert_array_equal(np.transpose(columns), [[float(a), float(b)] for a, b in texts])
