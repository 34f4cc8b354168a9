"""A small search over a contender's parameters: what may be tried, and how good it is on validation wells."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from aemodels.core.errors import SpecError
from aemodels.experiment.sweep_spec import SweepSpec, Value

if TYPE_CHECKING:
    from aemodels.core.interfaces import Denoiser
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import ExperimentSpec


def checked_sweep(spec: ExperimentSpec) -> SweepSpec:
    """The experiment's search.

    Raises:
        SpecError: if it has none, or one that names what is not there.
    """
    if spec.sweep is None:
        raise SpecError(f"experiment {spec.name} has no section sweep; add its contender and parameters")
    specified_values(spec, spec.sweep)
    return spec.sweep


def specified_values(spec: ExperimentSpec, sweep: SweepSpec) -> dict[str, Value]:
    """The specification's own values of the parameters that are searched.

    Raises:
        SpecError: if a contender or parameter does not exist.
    """
    names = [contender.name for contender in spec.contenders]
    if sweep.contender not in names:
        raise SpecError(f"sweep.contender is {sweep.contender!r}; expected one of {names}")
    model = spec.contender(sweep.contender).model.model_dump(mode="json")
    places = {path: _place(model, path) for path in sweep.parameters}
    return {path: holder[key] for path, (holder, key) in places.items()}


def with_values(spec: ExperimentSpec, values: Mapping[str, Value]) -> ExperimentSpec:
    """The experiment with other parameters of the contender that is searched.

    Raises:
        SpecError: if the contender cannot have these values.
    """
    name = checked_sweep(spec).contender
    contenders = [_changed(spec, values) if one.name == name else one for one in spec.contenders]
    return spec.model_copy(update={"contenders": tuple(contenders)})


def validation_gains(spec: ExperimentSpec, prepared: Prepared, denoiser: Denoiser) -> dict[str, float]:
    """Median gain over the validation sections (dB) under each condition that is judged; the hold-out stays unseen."""
    from aemodels.evaluate.denoising.compare import denoising_table, summarise_denoising

    conditions = {condition.name: condition.noise for condition in spec.test_conditions if condition.decisive}
    table = denoising_table({"tried": denoiser}, prepared.validation, conditions, channels=(), seed=spec.seed)
    summary = summarise_denoising(table).set_index("condition")["median_db"]
    return {name: float(summary[name]) for name in conditions}


def _changed(spec: ExperimentSpec, values: Mapping[str, Value]) -> Any:
    contender = spec.contender(checked_sweep(spec).contender)
    dump = copy.deepcopy(contender.model_dump(mode="json"))
    for path, value in values.items():
        holder, key = _place(dump["model"], path)
        holder[key] = value
    try:
        return type(contender).model_validate(dump)
    except ValidationError as error:
        raise SpecError(f"contender {contender.name} cannot have {dict(values)}: {error}") from error


def _place(model: Any, path: str) -> tuple[Any, Any]:
    """What holds the parameter at `path`, and its key there; places in lists are numbers, as in noise.0.factor."""
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
