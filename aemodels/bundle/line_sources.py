"""Sources of long lines: traces in order, a few at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aemodels.core.types import Recording
from aemodels.io.segy.read_plan import SegyPlan
from aemodels.io.segy.reader import read_span


class Line(Protocol):
    """Traces in order, read a few at a time: a SEG-Y file, or the live traces of a volume."""

    @property
    def traces(self) -> int: ...
    @property
    def samples(self) -> int: ...
    def read(self, first: int, stop: int) -> Recording: ...


@dataclass(frozen=True)
class SegyLine:
    """A plain SEG-Y file as a `Line`."""

    plan: SegyPlan

    @property
    def traces(self) -> int:
        return self.plan.layout.traces

    @property
    def samples(self) -> int:
        return self.plan.layout.samples

    def read(self, first: int, stop: int) -> Recording:
        return read_span(self.plan, first, stop)
