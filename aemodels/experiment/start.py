"""Start of an experiment from the networks of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import Field

from aemodels.core.interfaces import Denoiser, WarmStart
from aemodels.core.spec import Spec
from aemodels.detect.base import Detector

Fit = TypeVar("Fit")


class StartSpec(Spec):
    """The bundle that networks start from, and how much shorter their training then is.

    Networks of the experiment that have the name of one of the bundle start from its weights. Other methods are fitted
    from nothing. Networks that the bundle lacks are left out, with the detectors that reconstruct with them: their
    training from nothing would take as long as all the rest.
    """

    bundle: str = Field(
        min_length=1,
        max_length=4096,
        description="a bundle of the package (logs-v1), a folder, or a registered version (models:/NAME/VERSION)",
    )
    keep_normaliser: bool = Field(
        default=True, description="keep the bundle's scaling of the curves; false = fit it to the training wells"
    )
    share: float = Field(
        default=0.15,
        gt=0.0,
        le=1.0,
        description="epochs, steps and faulty copies, as a share of those of a training from nothing",
    )
    learning_rate: float = Field(default=0.3, gt=0.0, le=1.0, description="factor on the initial learning rates")
    all_networks: bool = Field(
        default=False, description="also train the networks that the bundle lacks, from nothing; false = leave them out"
    )
    content_hash: str = Field(
        default="",
        pattern=r"^([0-9a-f]{64})?$",
        description="hash of the bundle; filled in, and compared if it is given",
    )
    networks: tuple[str, ...] = Field(
        default=(), description="contenders and detectors that start from the bundle; filled in"
    )
    left_out: tuple[str, ...] = Field(
        default=(), description="networks that the bundle lacks, and detectors that need them; filled in"
    )
    step_m: float | None = Field(
        default=None, gt=0.0, description="logs: depth step that its networks are used to [m]; filled in"
    )

    def identity(self, contender: str) -> tuple[object, ...]:
        """Return what the fit of a contender depends on in the start, wherever the bundle lies: all, or only the step.

        Args:
            contender: its name.
        """
        weights = (self.content_hash, self.share, self.learning_rate) if contender in self.networks else ()
        return (self.step_m, *weights)


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """Fitted parts of the bundle that an experiment starts from.

    Args:
        spec: the bundle's name, and how much shorter a training is.
        denoisers: by contender name.
        detectors: by name, those that others consist of included.
        trained_on: sha256 of the files that anything in it was fitted to.
    """

    spec: StartSpec
    denoisers: Mapping[str, Denoiser]
    detectors: Mapping[str, Detector]
    trained_on: tuple[str, ...]

    def denoiser(self, name: str) -> WarmStart[Denoiser] | None:
        """Return the start of a contender; None if the bundle has none of this name."""
        found = self.denoisers.get(name)
        return None if found is None else self._start(found)

    def detector(self, name: str) -> WarmStart[Detector] | None:
        """Return the start of a detector; None if the bundle has none of this name."""
        found = self.detectors.get(name)
        return None if found is None else self._start(found)

    def _start(self, fitted: Fit) -> WarmStart[Fit]:
        return WarmStart(fitted, self.spec.bundle, self.spec.share, self.spec.learning_rate)
