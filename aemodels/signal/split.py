"""Training, validation and test splits by whole wells or seismic line sections."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import Recording
from aemodels.signal.wells import plain_name, well_keys


class SplitSpec(Spec):
    """Assignment of wells or trace ranges to training, validation and test."""

    test: tuple[str, ...] = Field(
        default=(),
        description="hold-out wells by well or file name; if none is present, wells are drawn with the seed",
    )
    home: tuple[str, ...] = Field(
        default=(),
        description="folders of the wells that have a role; wells in other folders are of other basins, and only "
        "detectors learn from them; empty, or no well in these folders = all wells have a role",
    )
    test_share: float = Field(default=0.2, gt=0.0, lt=0.9, description="share of wells or traces held out")
    validation_share: float = Field(
        default=0.2, gt=0.0, lt=0.9, description="share of the remaining ones used for validation"
    )
    sections: int = Field(
        default=3, ge=1, le=50, description="seismic: number of sections that validation and test are each cut into"
    )
    guard: int = Field(default=4, ge=0, le=1000, description="seismic: unused traces between the ranges")


@dataclass(frozen=True, eq=False)
class Split:
    """Recordings per role; no well or line section has two roles.

    Args:
        train: to fit to.
        validation: to choose and calibrate on.
        test: the hold-out.
        elsewhere: wells of other basins, which only detectors learn from; each is scored by what was fitted without
            its basin.
    """

    train: tuple[Recording, ...]
    validation: tuple[Recording, ...]
    test: tuple[Recording, ...]
    elsewhere: tuple[Recording, ...] = ()

    def names(self) -> dict[str, list[str]]:
        """Return the names of the recordings per role."""
        return {role: [r.name for r in getattr(self, role)] for role in ("train", "validation", "test")}


def basin_of(recording: Recording) -> str:
    """Return the basin of a well: its folder's name up to the first underscore, in lower case.

    Folders of one basin, "kansas_central" and "kansas_east", share their first word.
    """
    return recording.source.path.parent.name.split("_")[0].lower()


def split_wells(recordings: Sequence[Recording], spec: SplitSpec, rng: np.random.Generator) -> Split:
    """Split by whole wells; files of one well stay together.

    Raises:
        SpecError: if there are fewer than three wells.
    """
    at_home = [not spec.home or recording.source.path.parent.name in spec.home for recording in recordings]
    if not any(at_home):
        at_home = [True] * len(recordings)
    keys = well_keys(recordings)
    home_keys = {key for key, home in zip(keys, at_home, strict=True) if home}
    members = [(key, recording) for key, recording in zip(keys, recordings, strict=True) if key in home_keys]
    elsewhere = tuple(recording for key, recording in zip(keys, recordings, strict=True) if key not in home_keys)
    wells = sorted(home_keys)
    if len(wells) < 3:
        raise SpecError(
            f"{len(wells)} usable wells ({', '.join(wells)}); expected at least 3 (train, validation, test)"
        )
    named = _named(members, spec.test)
    order = [str(well) for well in rng.permutation([well for well in wells if well not in named])]
    held = named or set(order[: min(len(wells) - 2, max(1, round(spec.test_share * len(wells))))])
    rest = [well for well in order if well not in held]
    if len(rest) < 2:
        raise SpecError(f"{len(rest)} wells remain without the hold-out {sorted(held)}; expected at least 2")
    validation = set(rest[: min(len(rest) - 1, max(1, round(spec.validation_share * len(rest))))])

    def role(chosen: set[str]) -> tuple[Recording, ...]:
        return tuple(recording for key, recording in members if key in chosen)

    return Split(train=role(set(rest) - validation), validation=role(validation), test=role(held), elsewhere=elsewhere)


def _named(members: Sequence[tuple[str, Recording]], names: Sequence[str]) -> set[str]:
    """Return the keys of the matching wells; file names match too, since headers may add field names."""
    wanted = {plain_name(name) for name in names}
    return {
        key
        for key, recording in members
        if wanted & {plain_name(recording.name), plain_name(recording.source.path.stem)}
    }


def trace_ranges(recording: Recording, spec: SplitSpec) -> dict[str, tuple[int, int]]:
    """Return first trace and exclusive end of each role: training, validation, test, with guard traces between.

    Raises:
        SpecError: if the line is too short to give each role two traces.
    """
    traces = len(recording.channels)
    first_test = traces - round(spec.test_share * traces)
    first_validation = first_test - round(spec.validation_share * first_test)
    ranges = {
        "train": (0, first_validation - spec.guard),
        "validation": (first_validation, first_test - spec.guard),
        "test": (first_test, traces),
    }
    for role, (start, stop) in ranges.items():
        if stop - start < 2:
            raise SpecError(
                f"{recording.name}: {traces} traces leave {max(stop - start, 0)} for {role}; expected 2 or more"
            )
    return ranges


def split_traces(recordings: Sequence[Recording], spec: SplitSpec) -> Split:
    """Split each line into contiguous trace ranges; validation and test are cut into several sections.

    Raises:
        SpecError: if a line is too short to give each role two traces.
    """
    sections: dict[str, list[Recording]] = {"train": [], "validation": [], "test": []}
    for recording in recordings:
        for role, (start, stop) in trace_ranges(recording, spec).items():
            count = 1 if role == "train" else max(1, min(spec.sections, (stop - start) // 8))
            edges = np.linspace(start, stop, count + 1).astype(int)
            sections[role] += [
                recording.select(slice(a, b), f"{recording.name}[{a}:{b}]")
                for a, b in itertools.pairwise(edges.tolist())
            ]
    return Split(**{role: tuple(members) for role, members in sections.items()})
