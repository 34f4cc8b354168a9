"""Specification of a hyperparameter search: what may be tried."""

from __future__ import annotations

import json
from typing import Any, Self, TypeAlias

from pydantic import Field, model_validator

from aemodels.core.spec import Spec

Value: TypeAlias = Any


class Choices(Spec):
    """A parameter that takes one of several values."""

    choices: tuple[Value, ...] = Field(min_length=1, description="values as they would stand in the specification")

    def __contains__(self, value: Value) -> bool:
        return json.dumps(value) in self.texts

    @property
    def texts(self) -> list[str]:
        """The choices as JSON: lists can be chosen too."""
        return [json.dumps(choice) for choice in self.choices]


class Span(Spec):
    """A parameter between two bounds; whole numbers where both bounds are."""

    low: int | float = Field(description="smallest value")
    high: int | float = Field(description="largest value")
    log: bool = Field(default=False, description="drawn evenly by its logarithm")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"low {self.low}, high {self.high}; expected low below high, above 0 where log is set")
        return self

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __contains__(self, value: Value) -> bool:
        return isinstance(value, int if self.whole else int | float) and self.low <= value <= self.high


class SweepSpec(Spec):
    """What is searched: parameters of one contender."""

    contender: str = Field(description="whose parameters are varied")
    trials: int = Field(default=20, ge=1, le=10_000, description="parameter sets that are tried")
    parameters: dict[str, Choices | Span] = Field(
        min_length=1,
        description="path inside the contender's model, e.g. training.learning_rate → choices, or low, high",
    )
