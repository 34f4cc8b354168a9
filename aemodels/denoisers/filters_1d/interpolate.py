"""Interpolation across gaps: what a denoiser has to beat where samples are lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.signal.gaps import Method, fill_lost


class Interpolate(Spec):
    """Lost samples from their neighbours on the same curve; observed samples are left as they are.

    References:
        Fritsch & Butland (1984), SIAM J. Sci. Stat. Comput. 5, 300 (pchip: no overshoot).
    """

    kind: Literal["interpolate"] = "interpolate"
    method: Method = Field(default="linear", description="straight lines, or a monotone cubic (scipy's PCHIP)")

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Nothing to fit; the count of parameters is that of choices made: one."""
        return FitResult(denoiser=InterpolateDenoiser(self), parameters=1)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return InterpolateDenoiser(self)


@dataclass(frozen=True)
class InterpolateDenoiser:
    """Fills gaps by its spec's method."""

    spec: Interpolate

    def denoise(self, section: Section) -> FloatArray:
        return fill_lost(section.values, section.mask, self.spec.method)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}
