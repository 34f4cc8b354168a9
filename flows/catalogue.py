"""Names for the command line: experiments, registered models, and the kinds of every registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from flows.console import BadUsageError

if TYPE_CHECKING:
    from aemodels.experiment.spec import ExperimentSpec

SPECS = Path(__file__).parent / "specs"


def spec_names() -> list[str]:
    """Return the names of the shipped experiments."""
    return sorted(path.stem for path in SPECS.glob("*.yaml"))


def load_spec(name: str, changes: Sequence[str] = ()) -> ExperimentSpec:
    """Load an experiment by name or from a YAML file.

    Args:
        name: a shipped experiment, or a file.
        changes: single values to set, "PATH=VALUE" each (`with_changes`).

    Raises:
        BadUsageError: if there is no such experiment, or it is not a valid specification, with its changes.
    """
    import yaml
    from pydantic import ValidationError

    from aemodels.core.errors import SpecError
    from aemodels.experiment.changes import with_changes
    from aemodels.experiment.spec import ExperimentSpec

    path = SPECS / f"{name}.yaml" if name in spec_names() else Path(name)
    if path.suffix not in {".yaml", ".yml"} or not path.is_file():
        raise BadUsageError(f"no experiment {name!r}; expected one of {', '.join(spec_names())}, or a YAML file")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ExperimentSpec.model_validate(with_changes(document, changes))
    except SpecError as error:
        raise BadUsageError(f"--set {error}") from error
    except (ValidationError, yaml.YAMLError) as error:
        changed = f" with {', '.join(changes)}" if changes else ""
        raise BadUsageError(f"{path}{changed} is not a valid experiment: {error}") from error


def model_name(name: str) -> str:
    """Return the full name of a registered model; "logs" is short for "sondeflow-logs".

    Raises:
        BadUsageError: if the name is unknown.
    """
    from aemodels.core.registered_models import REGISTERED

    full = {str(kind): model for kind, model in REGISTERED.items()}.get(name, name)
    if full not in REGISTERED.values():
        raise BadUsageError(f"no model {name!r}; expected one of {', '.join([*REGISTERED.values(), *REGISTERED])}")
    return full


def kinds() -> dict[str, list[dict[str, Any]]]:
    """Return every kind of every registry with its parameters, from the discriminated unions."""
    from aemodels.denoisers.registry import DenoiserSpec
    from aemodels.detect import DetectorSpec, ThresholdSpec
    from aemodels.faults import FaultSpec
    from aemodels.noise import NoiseSpec

    unions = {
        "model": DenoiserSpec,
        "noise": NoiseSpec,
        "fault": FaultSpec,
        "detector": DetectorSpec,
        "threshold": ThresholdSpec,
    }
    return {name: [_describe(member) for member in _members(union)] for name, union in unions.items()}


def _members(union: Any) -> Iterator[Any]:
    """Yield the classes of Annotated[A | B, discriminator]."""
    for argument in get_args(union)[:1]:
        yield from get_args(argument) or (argument,)


def _describe(member: Any) -> dict[str, Any]:
    schema = member.model_json_schema()
    fields = {name: field for name, field in schema["properties"].items() if name != "kind"}
    return {
        "kind": schema["properties"]["kind"]["const"],
        "about": (member.__doc__ or "").strip().splitlines()[0],
        "parameters": [_parameter(name, field) for name, field in fields.items()],
    }


def _parameter(name: str, field: dict[str, Any]) -> dict[str, Any]:
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {field[key]}" for key, sign in bounds.items() if key in field]
    return {
        "name": name,
        "type": _type(field),
        "default": field.get("default"),
        "bounds": ", ".join(limits),
        "about": field.get("description", ""),
    }


def _type(field: dict[str, Any]) -> str:
    """Return the type of a JSON schema in words: "integer", "WindowSpec", "number or array"."""
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "enum" in field:
        return " or ".join(str(value) for value in field["enum"])
    options = field.get("anyOf") or field.get("oneOf")
    return " or ".join(dict.fromkeys(_type(option) for option in options)) if options else str(field.get("type", "any"))
