"""Filter that keeps TensorFlow's start-up messages off stderr.

TF_CPP_MIN_LOG_LEVEL silences what TensorFlow logs while it runs. No variable silences what it logs during its import,
before its logger is set up.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from typing_extensions import override

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)|[IWE]\d{4} [\d:.]+ +\d+ [\w/]+\.cc:\d+\]"
)


def silence_tensorflow() -> None:
    """Let TensorFlow start without messages in this process and in those that it starts; imports nothing.

    A level that is already set in the environment is kept; at "0" all messages are shown.
    """
    # at level 2 a machine without a GPU still reports an error
    if os.environ.setdefault(_LEVEL, "3") != "0" and "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


def without_chatter(text: bytes) -> bytes:
    r"""Return the lines of stderr that are not log messages of TensorFlow's own sources.

    >>> without_chatter(b"I0000 00:00:1795697835.6 2667 port.cc:153] oneDNN custom operations are on.\n12:57:05 fit\n")
    b'12:57:05 fit\n'
    """
    return b"".join(line for line in text.splitlines(keepends=True) if not _CHATTER.match(line))


class _Finder(MetaPathFinder):
    """Finder of the one package whose import is filtered; it takes itself away when asked."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "tensorflow" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loader that runs another one with stderr filtered."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    @override
    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with _filtered_stderr():
            self._loader.exec_module(module)


@contextmanager
def _filtered_stderr() -> Iterator[None]:
    """Hold back what any thread writes to file descriptor 2, and write it without the chatter at the end."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            os.write(2, without_chatter(held.read()))
