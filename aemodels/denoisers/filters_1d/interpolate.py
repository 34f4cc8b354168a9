"""Interpolation across gaps, the baseline for missing samples."""

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
    """Interpolation of missing samples on the same curve; observed samples are unchanged.

    References:
        Fritsch & Butland (1984), SIAM J. Sci. Stat. Comput. 5, 300 (pchip: no overshoot).
    """

    kind: Literal["interpolate"] = "interpolate"
    method: Method = Field(default="linear", description="linear, or monotone cubic (scipy's PCHIP)")

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Return the denoiser; nothing is fitted, and the method counts as one parameter."""
        return FitResult(denoiser=InterpolateDenoiser(self), parameters=1)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return InterpolateDenoiser(self)


@dataclass(frozen=True)
class InterpolateDenoiser:
    """Interpolation by the method of its spec."""

    spec: Interpolate

    def denoise(self, section: Section) -> FloatArray:
        return fill_lost(section.values, section.mask, self.spec.method)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}
