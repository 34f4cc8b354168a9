"""Fitted fault networks that others can start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.denoisers.training.warm_start import REMEDY, check_same

_SHAPE = {"kind", "widths", "kernel"}  # what has to agree; all other fields say how the networks are trained


class FittedEnsemble(Protocol):
    """A fitted ensemble as `detector.FaultNetworkDetector`."""

    @property
    def spec(self) -> Spec: ...

    @property
    def kinds(self) -> tuple[str, ...]: ...


def check_ensemble(spec: Spec, kinds: Sequence[str], found: FittedEnsemble, source: str) -> None:
    """Check that an ensemble can start from a fitted one.

    Args:
        spec: of the ensemble to train.
        kinds: names of its outputs.
        found: the fitted one.
        source: name of its bundle.

    Raises:
        SpecError: if widths, kernel or fault kinds differ; names them with the remedy.
    """
    check_same(spec, found.spec, source, free=set(type(spec).model_fields) - _SHAPE)
    if tuple(kinds) != found.kinds:
        raise SpecError(
            f"the network cannot start from that of {source}: it has the fault kinds {', '.join(kinds)} here and "
            f"{', '.join(found.kinds)} there; {REMEDY}"
        )
