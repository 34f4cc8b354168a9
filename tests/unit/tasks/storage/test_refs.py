"""References: what is loaded is what was stored, or nothing is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Source
from tasks.storage.refs import Ref, digest_of, load_recording, save_recording

FINDING = Finding("warning", "unknown-unit", "curve GR", "°API", "gAPI", "mend the header")


def _recording(values: np.ndarray) -> Recording:
    channels = tuple(Channel(f"C{n}", "gAPI", {"mnemonic": "gr", "offset": np.int32(n)}) for n in range(len(values)))
    axis = 0.1 + 0.1524 * np.arange(values.shape[1])
    source = Source("/data/ä b.las", "ab" * 32)
    return Recording(values, axis, channels, "logs", source, "31/3-1", {"WELL": "31/3-1"}, (FINDING,))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 4), st.integers(1, 20)), elements=st.floats(width=32, allow_infinity=False)
    )
)
def test_load_is_the_inverse_of_save(tmp_path, values):
    stored = _recording(values.copy())
    loaded = load_recording(save_recording(stored, tmp_path))
    np.testing.assert_array_equal(loaded.values, stored.values)
    np.testing.assert_array_equal(loaded.axis, stored.axis)
    for name in ("kind", "source", "name", "headers", "findings"):
        assert getattr(loaded, name) == getattr(stored, name)
    for channel, number in zip(loaded.channels, range(len(values)), strict=True):
        assert (channel.name, channel.unit) == (f"C{number}", "gAPI")
        assert channel.headers == {"mnemonic": "gr", "offset": number}


def test_the_same_content_is_stored_once(tmp_path):
    values = np.ones((2, 5), dtype=np.float32)
    first, second = save_recording(_recording(values), tmp_path), save_recording(_recording(values.copy()), tmp_path)
    assert first == second
    assert len(list(tmp_path.rglob("*.npz"))) == 1


def test_other_content_has_another_reference(tmp_path):
    recording = _recording(np.ones((2, 5), dtype=np.float32))
    renamed = dataclasses.replace(recording, name="other")
    assert save_recording(recording, tmp_path).sha256 != save_recording(renamed, tmp_path).sha256


def test_an_altered_file_is_refused(tmp_path):
    ref = save_recording(_recording(np.ones((1, 5), dtype=np.float32)), tmp_path)
    content = bytearray(ref.path.read_bytes())
    content[len(content) // 2] ^= 1
    ref.path.write_bytes(content)
    with pytest.raises(DataError, match=ref.sha256):
        load_recording(ref)


def test_a_missing_file_is_reported_with_a_remedy(tmp_path):
    with pytest.raises(DataError, match="ingest"):
        load_recording(Ref(uri=str(tmp_path / "gone.npz"), sha256="0" * 64))


def test_no_half_written_file_is_left(tmp_path):
    save_recording(_recording(np.ones((1, 5), dtype=np.float32)), tmp_path)
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".npz"]


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.integers())))
def test_a_digest_does_not_depend_on_the_order_of_keys(value):
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


def test_a_digest_depends_on_every_value():
    assert digest_of({"a": 1}) != digest_of({"a": 2})
