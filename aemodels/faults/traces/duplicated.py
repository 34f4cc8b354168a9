"""Duplicated: a copy of the preceding trace."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import Site, Target, TraceFault


class Duplicated(TraceFault):
    """A trace replaced by a copy of the preceding one: a buffer that was not refilled."""

    kind: Literal["duplicated"] = "duplicated"

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        live = {target.rows[0] for target in super().targets(recording)}
        return tuple(Target(rows=(row,), required=(row, row - 1)) for row in sorted(live) if row - 1 in live)

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        own = recording.values[list(site.rows), site.window]
        other = recording.values[[row - 1 for row in site.rows], site.window]
        return np.where(np.isfinite(other), other, own).astype(np.float32)
