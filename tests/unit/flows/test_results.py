from __future__ import annotations

import math

import pytest

from flows.results import rounded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12.345678, 12.3457),
        (0.000123456, 0.0001235),
        (-1.234567e-7, -1.235e-7),
        (0.0, 0.0),
        (7, 7),
        ("a", "a"),
        (None, None),
    ],
)
def test_small_numbers_keep_four_digits(value, expected):
    assert rounded(value) == expected


def test_what_is_not_finite_stays():
    assert math.isinf(rounded(math.inf))
