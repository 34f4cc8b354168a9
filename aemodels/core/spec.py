"""Base class of all specifications: frozen, strict, every field described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


class Spec(BaseModel):
    """A frozen pydantic model that rejects unknown fields.

    Every kind (noise, fault, model, detector, threshold) derives from it and has `kind: Literal["..."]`; each field
    has `Field(description=..., ge=..., le=...)` with its unit.

    A field that was renamed is listed in `earlier_names` for one schema version, so that stored specifications and
    bundles still load; only the new name is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    earlier_names: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _accept_earlier_names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not (used := set(cls.earlier_names) & set(data)):
            return data
        if twice := sorted(name for name in used if cls.earlier_names[name] in data):
            raise ValueError(f"{twice[0]} is the earlier name of {cls.earlier_names[twice[0]]}; give one of the two")
        return {cls.earlier_names.get(name, name): value for name, value in data.items()}


def earlier_kinds(renamed: Mapping[str, str]) -> BeforeValidator:
    """Return a validator for a discriminated union that accepts the earlier names of its kinds.

    Args:
        renamed: earlier name → name.
    """

    def rename(data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("kind") in renamed:
            return {**data, "kind": renamed[data["kind"]]}
        return data

    return BeforeValidator(rename)
