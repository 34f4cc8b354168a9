"""Fields of trace headers whose bytes are no number of their kind."""

from __future__ import annotations

import struct

import numpy as np

from aemodels.io.segy.trace_headers import HeaderTable


def _table(*words: bytes) -> HeaderTable:
    raw = np.zeros((len(words), 240), dtype=np.uint8)
    for row, word in enumerate(words):
        raw[row, 180:184] = np.frombuffer(word, dtype=np.uint8)
    return HeaderTable(raw, "big", frozenset({181}))


def test_a_signalling_nan_and_values_beyond_integers_are_read_without_a_numpy_warning():
    table = _table(b"\x7f\xa0\x00\x00", struct.pack(">f", 1e30), struct.pack(">f", -7.6), b"\x7f\x80\x00\x00")
    with np.errstate(all="raise"):
        floats, integers = table.float_word(181), table.word(181)
    assert np.isnan(floats[0])
    np.testing.assert_allclose(floats[1:3], [1e30, -7.6], rtol=1e-6)
    assert integers.tolist() == [0, 0, -8, 0]
