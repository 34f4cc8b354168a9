"""Progress of a training run: a live bar on a terminal, a line per half minute elsewhere, metrics in MLflow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from aemodels.core.interfaces import EpochCallback
from aemodels.core.progress import tell
from tasks.settings import Settings

FLUSH_SECONDS = 5.0
LINE_SECONDS = 30.0


def silent(epoch: int, metrics: dict[str, float]) -> None:
    """Show nothing."""


class EpochLines:
    """Report the epoch that a training has reached, at most once per interval.

    Args:
        name: the contender's name.
        epochs: maximum number of epochs; None for methods without epochs.
        seconds: the interval [s].
    """

    def __init__(self, name: str, epochs: int | None, seconds: float = LINE_SECONDS) -> None:
        self._name, self._of, self._seconds = name, "" if epochs is None else f" of at most {epochs}", seconds
        self._last = time.monotonic()

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        if time.monotonic() - self._last >= self._seconds:
            self._last = time.monotonic()
            tell("%s: epoch %d%s, %s", self._name, epoch + 1, self._of, _note(metrics))


class EpochReporter:
    """Collects epochs; shows them at once, logs them in batches every few seconds.

    Args:
        settings: where the tracking store is.
        run_id: the contender's run.

    Attributes:
        show: draws an epoch; shows nothing until it is set.
    """

    def __init__(self, settings: Settings, run_id: str) -> None:
        self.settings, self._run_id = settings, run_id
        self.show: EpochCallback = silent
        self._pending: dict[str, list[float]] = {}
        self._start, self._last = 0, time.monotonic()

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        self.show(epoch, metrics)
        if not self._pending:
            self._start = epoch
        for key, value in metrics.items():
            self._pending.setdefault(key, []).append(value)
        if time.monotonic() - self._last > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Log what is pending, and send it."""
        if self._pending:
            from tasks.tracking import flush, log_history  # MLflow: only once there is something to send

            log_history(self.settings, self._run_id, self._pending, start=self._start)
            flush(self.settings, self._run_id)
        self._pending, self._last = {}, time.monotonic()


@contextmanager
def epoch_bar(
    name: str, epochs: int | None, *, wanted: bool = True, console: Console | None = None
) -> Iterator[EpochCallback]:
    """Draw a bar on a terminal, one step per epoch, with losses and the time left; elsewhere log lines (EpochLines).

    Args:
        name: the contender's name.
        epochs: maximum number of epochs; None for methods without epochs.
        wanted: False if no bar is to be drawn, even on a terminal.
        console: the terminal; stderr if None.
    """
    console = console or Console(stderr=True)
    if not (wanted and console.is_terminal):
        yield EpochLines(name, epochs)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(name, total=epochs, note="")

        def draw(epoch: int, metrics: dict[str, float]) -> None:
            progress.update(bar, completed=epoch + 1, note=_note(metrics))

        yield draw


def _note(metrics: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in metrics.items() if key in {"loss", "val_loss"})
