"""What every fault kind has to hold; a kind added to the union is tested without another line."""

from __future__ import annotations

import types
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from aemodels.core.types import Channel, Recording, Source
from aemodels.faults import FaultSpec, inject, row_label
from aemodels.faults.base import FaultBase, kind_of

UNION = get_args(FaultSpec)[0]
assert isinstance(UNION, types.UnionType)
KINDS: tuple[type[FaultBase], ...] = get_args(UNION)
ADAPTER: TypeAdapter[Any] = TypeAdapter(FaultSpec)
LEVELS = {"GR": (80, 20), "RHOB": (2.4, 0.08), "NPHI": (0.25, 0.04), "DTC": (90, 8), "RDEP": (2, 0.2)}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def fault(request: pytest.FixtureRequest) -> FaultBase:
    return request.param()


@pytest.fixture
def recording(fault: FaultBase) -> Recording:
    """A recording of the fault's sort, with gaps of its own."""
    rng = np.random.default_rng(11)
    logs = fault.records == "logs"
    shape = (5, 4000) if logs else (60, 200)
    values = rng.standard_normal(shape)
    if logs:
        middle, spread = np.array(list(LEVELS.values())).T[:, :, None]
        values = middle + spread * np.tanh(values)
    values[rng.random(shape) < 0.01] = np.nan
    values[0, :30] = np.nan
    names = list(LEVELS) if logs else [f"trace {n}" for n in range(60)]
    return Recording(
        values=values.astype(np.float32),
        axis=(1000.0 + 0.1524 * np.arange(4000)) if logs else 0.004 * np.arange(200),
        channels=tuple(Channel(name) for name in names),
        kind=fault.records,
        source=Source(uri="made", sha256="0" * 64),
        name="made",
    )


def test_kinds_are_named_apart() -> None:
    names = [kind.model_fields["kind"].default for kind in KINDS]
    assert len(set(names)) == len(names)


def test_spec_survives_json(fault: FaultBase) -> None:
    again = ADAPTER.validate_json(fault.model_dump_json())
    assert again == fault and type(again) is type(fault)


def test_unknown_fields_and_assignment_are_refused(fault: FaultBase) -> None:
    with pytest.raises(ValidationError, match="extra"):
        ADAPTER.validate_python({"kind": fault.kind, "surprise": 1})
    with pytest.raises(ValidationError, match="frozen"):
        fault.kind = "other"


def test_every_parameter_is_described(fault: FaultBase) -> None:
    for name, field in type(fault).model_fields.items():
        assert name == "kind" or field.description, f"{fault.kind}.{name} has no description"


def test_ranges_that_run_backwards_are_refused(fault: FaultBase) -> None:
    for name, value in fault.model_dump().items():
        if isinstance(value, tuple) and len(value) == 2 and value[0] != value[1] and not isinstance(value[0], str):
            with pytest.raises(ValidationError, match="lower bound first"):
                type(fault)(**{name: value[::-1]})


def test_label_marks_exactly_what_differs(fault: FaultBase, recording: Recording) -> None:
    before = recording.values.copy()
    injection = inject(recording, (fault,), fraction=0.2, rng=np.random.default_rng(5))
    after = injection.recording.values
    np.testing.assert_array_equal(recording.values, before)
    np.testing.assert_array_equal(np.isnan(after), np.isnan(before))
    np.testing.assert_array_equal(injection.label, np.isfinite(before) & (after != before))
    assert injection.events and {event.kind for event in injection.events} == {kind_of(fault)}
    assert row_label(injection).mean() > 0.15
    assert injection.recording.axis is recording.axis and injection.recording.channels == recording.channels


def test_same_seed_same_faults_and_another_seed_others(fault: FaultBase, recording: Recording) -> None:
    first, second, other = (
        inject(recording, (fault,), fraction=0.1, rng=np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first.recording.values, second.recording.values)
    assert first.events == second.events
    assert first.events != other.events


def test_fault_does_not_apply_to_the_other_sort(fault: FaultBase) -> None:
    other = "seismic" if fault.records == "logs" else "logs"
    stranger = Recording(
        values=np.ones((1, 50), dtype=np.float32),
        axis=np.arange(50.0),
        channels=(Channel("DTC"),),
        kind=other,
        source=Source(uri="made", sha256="0" * 64),
        name="made",
    )
    assert fault.targets(stranger) == ()
