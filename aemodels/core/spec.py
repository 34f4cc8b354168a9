"""The base of every specification: frozen, strict, and described field by field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """A frozen pydantic model that refuses unknown fields.

    Every kind (noise, fault, model, detector, threshold) derives from it and has
    `kind: Literal["..."]`; each field carries `Field(description=..., ge=..., le=...)` with its unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
