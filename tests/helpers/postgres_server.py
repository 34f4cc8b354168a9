"""A real PostgreSQL server, of the wheel or the system: started, killed and restarted by tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from helpers.ports import free_port
from tasks.storage.postgres_programs import installations


class PostgresServer:
    """A PostgreSQL server with its own folder; it does not run as root, so root starts it as user `nobody`.

    Then its data lie in a folder of their own: pytest closes the folder of its temporary folders to other users
    whenever another session of it begins.

    Args:
        folder: of its data, unless root starts it.
        programs: folder of its programs; the wheel's by default, else the newest of the system.
    """

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        found = sorted(installations("postgres", "initdb", "psql"), key=lambda one: (one.bundled, one.major))
        if programs is None and not found:
            pytest.skip("PostgreSQL is not installed")
        self._bin = programs or found[-1].folder
        as_root = os.geteuid() == 0
        self._data = (Path(tempfile.mkdtemp(prefix="sondeflow-postgres-")) if as_root else folder) / "data"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._who = {}
        self._data.mkdir(parents=True)
        if as_root:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
            for parent in (self._data, *self._data.parents):
                if parent != Path("/"):
                    parent.chmod(parent.stat().st_mode | 0o111)
            self._who = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        initdb = [self._bin / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **self._who)

    def url(self, name: str = "postgres") -> str:
        """SQLAlchemy's address of one of its databases."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self._port}/{name}"

    def new_database(self, name: str) -> str:
        """Make an empty database; its address."""
        self._psql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def start(self) -> None:
        """Start the server and wait until it responds; retry, because children of a killed one may hold its memory."""
        command = [self._bin / "postgres", "-D", self._data, "-p", str(self._port), "-h", "127.0.0.1", "-k", ""]
        log = (self._data.parent / "log").open("ab")
        until = time.monotonic() + 180
        ask = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        while subprocess.run(ask, check=False).returncode:
            assert time.monotonic() < until, f"PostgreSQL did not start: {Path(log.name).read_text()[-3000:]}"
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen([*command, "-c", "fsync=off"], stdout=log, stderr=log, **self._who)
            time.sleep(0.2)

    def kill(self) -> None:
        """Kill the server and all its children, as a crash of the machine would."""
        assert self._process is not None
        listed = ["ps", "-o", "pid=", "--ppid", str(self._process.pid)]
        children = subprocess.run(listed, check=False, capture_output=True, text=True).stdout.split()
        for pid in (self._process.pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        time.sleep(0.5)

    def stop(self) -> None:
        """End it and forget its data."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        shutil.rmtree(self._data.parent, ignore_errors=True)

    def _psql(self, statement: str) -> None:
        command = [self._bin / "psql", "-q", "-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres"]
        subprocess.run([*command, "-c", statement], check=True)
