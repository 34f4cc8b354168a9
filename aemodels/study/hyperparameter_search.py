"""Hyperparameter search of one contender: setting its parameters, and gains on validation wells."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.evaluate.denoising.compare import denoising_table, summarise_denoising
from aemodels.experiment.sweep_spec import SweepSpec, Value

if TYPE_CHECKING:
    from aemodels.core.interfaces import Denoiser
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import ExperimentSpec


def checked_sweep(spec: ExperimentSpec) -> SweepSpec:
    """Return the experiment's search, after checking that its contender and parameters exist.

    Raises:
        SpecError: if the experiment has no search, or its contender or a parameter does not exist.
    """
    if spec.sweep is None:
        raise SpecError(f"experiment {spec.name} has no section sweep; add its contender and parameters")
    specified_values(spec, spec.sweep)
    return spec.sweep


def specified_values(spec: ExperimentSpec, sweep: SweepSpec) -> dict[str, Value]:
    """Return the values that the specification itself gives to the parameters searched, by path.

    Raises:
        SpecError: if a contender or parameter does not exist.
    """
    names = [contender.name for contender in spec.contenders]
    if sweep.contender not in names:
        raise SpecError(f"sweep.contender is {sweep.contender!r}; expected one of {names}")
    model = spec.contender(sweep.contender).model
    dump = model.model_dump(mode="json")
    positions = {path: _locate(dump, _current_path(model, path)) for path in sweep.parameters}
    return {path: holder[key] for path, (holder, key) in positions.items()}


def with_values(spec: ExperimentSpec, values: Mapping[str, Value]) -> ExperimentSpec:
    """Return the experiment with other parameters of the contender searched.

    Args:
        spec: the experiment.
        values: parameters by path.

    Raises:
        SpecError: if the values are invalid for the contender.
    """
    name = checked_sweep(spec).contender
    contenders = [_changed(spec, values) if one.name == name else one for one in spec.contenders]
    return spec.model_copy(update={"contenders": tuple(contenders)})


def validation_gains(spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser) -> dict[str, float]:
    """Return the median gain over the validation sections (dB) per decisive condition; the hold-out is not used."""
    conditions = {condition.name: condition.noise for condition in spec.test_conditions if condition.decisive}
    table = denoising_table({"trial": denoiser}, prepared.validation, conditions, channels=(), seed=spec.seed)
    summary = summarise_denoising(table).set_index("condition")["median_db"]
    return {name: float(summary[name]) for name in conditions}


def _changed(spec: ExperimentSpec, values: Mapping[str, Value]) -> Any:
    contender = spec.contender(checked_sweep(spec).contender)
    dump = copy.deepcopy(contender.model_dump(mode="json"))
    for path, value in values.items():
        holder, key = _locate(dump["model"], _current_path(contender.model, path))
        holder[key] = value
    try:
        return type(contender).model_validate(dump)
    except ValidationError as error:
        raise SpecError(f"contender {contender.name} cannot have {dict(values)}: {error}") from error


def _current_path(model: Any, path: str) -> str:
    """Return a parameter's path with the present names of its fields; earlier ones are replaced."""
    found, parts = model, []
    for part in path.split("."):
        name = type(found).earlier_names.get(part, part) if isinstance(found, Spec) else part
        parts.append(name)
        if isinstance(found, tuple):
            found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
        else:
            found = getattr(found, name, None)
    return ".".join(parts)


def _locate(model: Any, path: str) -> tuple[Any, Any]:
    """Return the container of the parameter at `path` and its key in it; lists by number (noise.0.factor)."""
    holder: Any = None
    key: Any = None
    found = model
    for part in path.split("."):
        holder, key = found, int(part) if isinstance(found, list) and part.isdecimal() else part
        known = range(len(found)) if isinstance(found, list) else found if isinstance(found, dict) else ()
        if key not in known:
            raise SpecError(f"sweep parameter {path!r}: no {part!r} there; expected one of {list(known)}")
        found = holder[key]
    return holder, key
