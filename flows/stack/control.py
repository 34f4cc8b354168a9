"""Start of the stack in the background, its end, and what runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from flows.server.home_lock import RunningServer, running_server
from flows.server.processes import NotServedError, answers
from flows.stack.places import Places, StackOptions, places_of
from tasks.processes import is_running
from tasks.settings import Settings
from tasks.storage.folders import private_folder

UP_SECONDS = 600.0
DOWN_SECONDS = 240.0  # each service has 20 s, and its processes another 40
LOG_BYTES = 20_000_000  # a longer log is renamed at the next start; the one before it is deleted
COMMAND = "stack"


@dataclass(frozen=True)
class State:
    """State of the stack of a home.

    Args:
        pid: of its supervisor.
        answer: addresses and files; None while it starts.
    """

    pid: int
    answer: dict[str, object] | None


def up(options: StackOptions) -> dict[str, object]:
    """Start the stack in the background and wait until all services answer; one that runs is left as it is.

    Returns:
        Addresses, and names of the files with passwords.

    Raises:
        NotServedError: if a service does not start; then all are stopped.
    """
    settings = Settings()
    places = places_of(settings)
    process = None
    if state(settings) is None:
        process = _start_supervisor(options, settings, places)
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        now = state(settings)
        if now is not None and now.answer is not None:
            return now.answer
        if process is not None and process.poll() is not None:
            raise NotServedError(f"the stack did not start; {_end_of_log(places)}")
        time.sleep(0.3)
    raise NotServedError(f"the stack is not ready after {UP_SECONDS:.0f} s; see {places.log}")


def down() -> bool:
    """Stop the stack with all its processes; return whether there was one.

    Raises:
        NotServedError: if it does not end.
    """
    settings = Settings()
    now = state(settings)
    if now is None:
        return False
    os.kill(now.pid, signal.SIGTERM)
    until = time.monotonic() + DOWN_SECONDS
    while time.monotonic() < until:
        if state(settings) is None and not is_running(now.pid):
            return True
        time.sleep(0.2)
    raise NotServedError(f"process {now.pid} does not end after {DOWN_SECONDS:.0f} s; see {places_of(settings).log}")


def state(settings: Settings) -> State | None:
    """Return the state of the stack; None if none runs.

    Raises:
        NotServedError: if the home is served by `sondeflow serve`.
    """
    running = running_server(settings)
    if running is None:
        return None
    _refuse_others(running, settings)
    ready = places_of(settings).ready
    try:
        answer = json.loads(ready.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        answer = None
    return State(running.pid, answer)


def health(answer: dict[str, object]) -> dict[str, bool]:
    """Return which servers answer now."""
    checks = {"prefect": f"{answer['prefect']}/api/health", "mlflow": f"{answer['mlflow']}/health"}
    checks |= {"metrics": str(answer["metrics"]), "worker": str(answer["worker"])}
    return {name: answers(address) for name, address in checks.items()}


def _refuse_others(running: RunningServer, settings: Settings) -> None:
    if running.command != COMMAND:
        raise NotServedError(
            f"{settings.home} is served by `sondeflow {running.command}` (process {running.pid}); stop that one first"
        )


def _start_supervisor(options: StackOptions, settings: Settings, places: Places) -> subprocess.Popen[bytes]:
    private_folder(settings.home)
    private_folder(places.folder)
    if places.log.exists() and places.log.stat().st_size > LOG_BYTES:
        places.log.replace(places.log.with_suffix(".log.1"))
    command = [sys.executable, "-P", "-m", "flows.stack.run", options.model_dump_json()]
    with places.log.open("ab") as log:
        places.log.chmod(0o600)
        return subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _end_of_log(places: Places) -> str:
    lines = places.log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith("sondeflow: ")), len(lines) - 5)
    return "\n".join([*lines[max(0, last) :][:40], f"see {places.log}"])
