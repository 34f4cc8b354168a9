"""Progress of a training run: a live line on the terminal, per-epoch metrics in MLflow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from aemodels.contract import EpochCallback
from tasks.settings import Settings
from tasks.tracking import flush, log_history

FLUSH_SECONDS = 5.0


class EpochReporter:
    """Collects epochs; shows them at once, logs them in batches every few seconds.

    Args:
        settings: where the tracking store is.
        run_id: the contender's run.
        show: draws an epoch.
    """

    def __init__(self, settings: Settings, run_id: str, show: EpochCallback) -> None:
        self._settings, self._run_id, self._show = settings, run_id, show
        self._pending: dict[str, list[float]] = {}
        self._start, self._last = 0, time.monotonic()

    def __call__(self, epoch: int, metrics: dict[str, float]) -> None:
        self._show(epoch, metrics)
        if not self._pending:
            self._start = epoch
        for key, value in metrics.items():
            self._pending.setdefault(key, []).append(value)
        if time.monotonic() - self._last > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Log what is pending, and send it."""
        if self._pending:
            log_history(self._settings, self._run_id, self._pending, start=self._start)
            flush(self._settings, self._run_id)
        self._pending, self._last = {}, time.monotonic()


@contextmanager
def epoch_bar(name: str, epochs: int | None) -> Iterator[EpochCallback]:
    """A bar on stderr, one step an epoch; where stderr is no terminal, a line every ten seconds.

    Args:
        name: the contender's name.
        epochs: epochs at most; None for methods without epochs.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _printer(name, epochs, console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(name, total=epochs, note="")
        yield _drawer(progress, bar)


def _drawer(progress: Progress, bar: TaskID) -> EpochCallback:
    def draw(epoch: int, metrics: dict[str, float]) -> None:
        progress.update(bar, completed=epoch + 1, note=_note(metrics))

    return draw


def _printer(name: str, epochs: int | None, console: Console) -> EpochCallback:
    last = [time.monotonic()]

    def line(epoch: int, metrics: dict[str, float]) -> None:
        if time.monotonic() - last[0] >= 10.0:
            console.print(f"{name}: epoch {epoch + 1} of {epochs or '?'}, {_note(metrics)}", highlight=False)
            last[0] = time.monotonic()

    return line


def _note(metrics: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in metrics.items() if key in {"loss", "val_loss"})
