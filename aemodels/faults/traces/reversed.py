"""Reversed: a trace recorded with the wrong polarity."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import Site, TraceFault


class Reversed(TraceFault):
    """A trace with reversed sign: a group with reversed wiring."""

    kind: Literal["reversed"] = "reversed"

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        return -recording.values[list(site.rows), site.window]
