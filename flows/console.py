"""Answers of commands: results on stdout, all else on stderr, and an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aemodels.core.errors import SondeflowError

OK, FAILED, BAD_USAGE = 0, 1, 2
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class BadUsageError(Exception):
    """The command line asks for something that does not exist: exit code 2."""


@dataclass
class Answer:
    """Answer of a command.

    Args:
        data: the JSON object.
        code: 0 success, 1 findings or failures, 2 bad usage.
        parts: human-readable output: lines of text, or tables (title, rows).
    """

    data: dict[str, Any] = field(default_factory=dict)
    code: int = OK
    parts: list[str | tuple[str, Sequence[Mapping[str, Any]]]] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Add a line."""
        self.parts.append(line)

    def show(self, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a table."""
        self.parts.append((title, rows))


@contextlib.contextmanager
def answering(command: str, *, as_json: bool) -> Iterator[Answer]:
    """Run a command's work with stdout kept free, then print its answer and leave with its code.

    Libraries and the servers they start print where they like: while the work lasts, their stdout is our stderr.

    Raises:
        SystemExit: always, with the answer's code.
    """
    answer = Answer()
    try:
        with _stdout_is_stderr(), _without_bars(as_json=as_json):
            yield answer
    except BadUsageError as error:
        _fail(answer, error, BAD_USAGE)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a program reading JSON gets JSON
        if not _is_expected(error):
            sys.stderr.write(_shown(traceback.format_exc()))
        _fail(answer, error, FAILED)
    if as_json:
        ok = answer.code == OK
        print(json.dumps({"command": command, "ok": ok, **answer.data}, default=str))  # noqa: T201
    else:
        _print_parts(answer)
    sys.stdout.flush()
    raise SystemExit(answer.code)


@contextlib.contextmanager
def reporting(command: str, *, as_json: bool) -> Iterator[None]:
    """As `answering`, for a command that stays and answers by `print_now`: only its failure is left to tell.

    Raises:
        SystemExit: 0 where the work ends by itself, 1 where it fails on purpose.
    """
    try:
        yield
    except SondeflowError as error:
        text = _shown(str(error))
        sys.stderr.write(f"sondeflow: {text}\n")
        failure = {"command": command, "ok": False, "error": text, "error_type": type(error).__name__}
        print_now(failure, [], as_json=as_json)
        raise SystemExit(FAILED) from error


def print_now(data: Mapping[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Print one JSON object, or lines of text, on stdout at once."""
    sys.stdout.write(json.dumps(data) + "\n" if as_json else "".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def number(value: Any) -> str:
    """Return a cell of a table: floats with three digits that matter, nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def printable(text: str) -> str:
    r"""Return a text without the control characters that a terminal would obey; names of files may hold some.

    >>> print(printable("a\x1b[2Jb.las"))
    a\x1b[2Jb.las
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _fail(answer: Answer, error: Exception, code: int) -> None:
    answer.code = code
    text = _shown(str(error))
    answer.data |= {"error": text or type(error).__name__, "error_type": type(error).__name__}
    sys.stderr.write(f"sondeflow: {text}\n")


def _shown(text: str) -> str:
    from tasks.address import hide_credentials  # imports pydantic, which most answers do without

    return printable(hide_credentials(text))


def _is_expected(error: Exception) -> bool:
    """Errors raised on purpose say all in one line; others need their traceback."""
    return isinstance(error, SondeflowError | FileNotFoundError | ValueError)


def _print_parts(answer: Answer) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160)
    for part in answer.parts:
        if isinstance(part, str):
            console.print(printable(part), markup=False, highlight=False, soft_wrap=True)
        else:
            console.print(_table(*part))


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(number(row.get(name)))) for name in names))  # Text: brackets are not markup
    return table


@contextlib.contextmanager
def _without_bars(*, as_json: bool) -> Iterator[None]:
    """Switch progress off for a program that reads JSON; flows read their settings from the environment."""
    name = "SONDEFLOW_PROGRESS"
    before = os.environ.get(name)
    if as_json:
        os.environ[name] = "false"
    try:
        yield
    finally:
        if as_json and before is None:
            del os.environ[name]
        elif as_json:
            os.environ[name] = str(before)


@contextlib.contextmanager
def _stdout_is_stderr() -> Iterator[None]:
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
