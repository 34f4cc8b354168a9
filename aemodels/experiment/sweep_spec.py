"""Specification of a hyperparameter search."""

from __future__ import annotations

import json
from typing import Any, Self, TypeAlias

from pydantic import Field, model_validator

from aemodels.core.spec import Spec

Value: TypeAlias = Any


class Choices(Spec):
    """Search space of a parameter: one of several values."""

    choices: tuple[Value, ...] = Field(min_length=1, description="values, written as in the specification")

    def __contains__(self, value: Value) -> bool:
        return json.dumps(value) in self.as_json

    @property
    def as_json(self) -> list[str]:
        """Choices as JSON texts, as they may be lists."""
        return [json.dumps(choice) for choice in self.choices]


class Span(Spec):
    """Search space of a parameter: a range, of integers if both bounds are integers."""

    low: int | float = Field(description="smallest value")
    high: int | float = Field(description="largest value, inclusive")
    log: bool = Field(default=False, description="sample uniformly in the logarithm")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"low {self.low}, high {self.high}; expected low below high, and above 0 if log is set")
        return self

    @property
    def is_integer(self) -> bool:
        """True if both bounds are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __contains__(self, value: Value) -> bool:
        return isinstance(value, int if self.is_integer else int | float) and self.low <= value <= self.high


class SweepSpec(Spec):
    """Hyperparameter search of one contender."""

    contender: str = Field(description="name of the contender whose parameters are varied")
    trials: int = Field(default=20, ge=1, le=10_000, description="number of parameter sets tried")
    parameters: dict[str, Choices | Span] = Field(
        min_length=1,
        description="path in the contender's model, e.g. training.learning_rate → its choices, or its low and high",
    )
