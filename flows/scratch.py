"""Flow: autoencoders written in plain NumPy, compared with reference values."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict

from flows.results import markdown_table
from tasks.settings import Settings
from tasks.training.scratch import ReferenceCheck, ScratchRun, slopes_run, spiral_run


class ScratchResult(BaseModel):
    """Comparisons with reference values, and the run, of every network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: tuple[ScratchRun, ...]

    @property
    def answers(self) -> tuple[ReferenceCheck, ...]:
        return tuple(answer for run in self.runs for answer in run.answers)

    @property
    def matches(self) -> bool:
        """True if every result agrees with its reference value."""
        return all(answer.met for answer in self.answers)


@flow(name="scratch")
def scratch(seed: int = 20) -> ScratchResult:
    """Train both networks and log a run with figures for each.

    Args:
        seed: seed of the lines; the spiral uses the published seed.
    """
    settings = Settings()
    result = ScratchResult(runs=(slopes_run(seed, settings), spiral_run(settings)))
    rows = [answer.model_dump() for answer in result.answers]
    create_markdown_artifact(key="scratch", markdown=markdown_table(rows))
    return result
