"""PostgreSQL server of the stack: installed program or wheel, cluster, command line."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.server.processes import HOST, NotServedError
from flows.stack.places import Places
from tasks.storage.postgres_programs import Installation, installations
from tasks.storage.secret_file import new_password, read_or_make, write_private

MIN_MAJOR = 14  # the oldest that Prefect supports
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """Programs of a PostgreSQL installation.

    Args:
        programs: folder of `postgres`, `initdb` and `pg_ctl`.
        major: its major version.
        account: user id that runs it; None for ours.
    """

    programs: Path
    major: int
    account: int | None

    def command(self, places: Places, port: int) -> list[str]:
        """Return the command line of the server: this machine only, by TCP with passwords."""
        options = [f"listen_addresses={HOST}", "unix_socket_directories=", "log_min_messages=warning"]
        listed = [part for option in options for part in ("-c", option)]
        return [str(self.programs / "postgres"), "-D", str(places.postgres), "-p", str(port), *listed]

    def is_ready(self, port: int) -> bool:
        """Return whether a server accepts connections at a port of this machine."""
        ask = [str(self.programs / "pg_isready"), "-q", "-h", HOST, "-p", str(port), "-U", SUPERUSER, "-d", SUPERUSER]
        return subprocess.run(ask, check=False, env={}, timeout=20).returncode == 0  # noqa: S603

    def prepare(self, places: Places) -> str:
        """Create the cluster if there is none; return the superuser's password.

        Raises:
            NotServedError: if the cluster cannot be created, or the account cannot reach its folder.
        """
        password = read_or_make(places.superuser, new_password)
        if self.account is not None:
            _let_through(places.postgres, self.account)
        if not (places.postgres / "PG_VERSION").is_file():
            self._initialise(places, password)
        self._end_leftover(places)
        return password

    def _initialise(self, places: Places, password: str) -> None:
        given = places.folder / ".initial-password"
        given.unlink(missing_ok=True)
        write_private(given, password)
        try:
            if self.account is not None:
                os.chown(given, self.account, -1)
            who = ["--username", SUPERUSER, "--pwfile", str(given), "--auth", "scram-sha-256"]
            command = [str(self.programs / "initdb"), "--pgdata", str(places.postgres), *who]
            command += ["--encoding", "UTF8", "--locale=C"]
            _run(command, account=self.account)
        finally:
            given.unlink()

    def _end_leftover(self, places: Places) -> None:
        """End a server that an earlier stack could not end: the whole machine was stopped, or its parent killed."""
        if (places.postgres / "postmaster.pid").exists():
            command = [str(self.programs / "pg_ctl"), "stop", "-D", str(places.postgres), "-m", "fast", "-w"]
            _run(command, account=self.account, may_fail=True)  # it fails if no server runs


def find_postgres(places: Places) -> Postgres:
    """Return the newest installed PostgreSQL; of an existing cluster, the one of its version.

    Raises:
        NotServedError: if there is none.
    """
    account = _account()
    found = {one.major: one for one in installations("postgres", "initdb")}  # the system's takes precedence
    version = places.postgres / "PG_VERSION"
    if version.is_file():
        major = int(version.read_text(encoding="ascii"))
        if major not in found:
            raise NotServedError(
                f"{places.postgres} was written by PostgreSQL {major}, and {_listed(found)} is installed; install "
                f"version {major} beside it; then `sondeflow stack upgrade-postgres` moves the data to the newer one"
            )
        return Postgres(found[major].folder, major, account)
    usable = [major for major in found if major >= MIN_MAJOR]
    if not usable:
        raise NotServedError(
            f"no PostgreSQL {MIN_MAJOR} or newer; install the system's package (Debian: apt-get install postgresql), "
            "or, up to Python 3.12, the wheel: pip install 'sondeflow[stack]'"
        )
    major = max([major for major in usable if not found[major].bundled] or usable)
    return Postgres(found[major].folder, major, account)


def newest_postgres() -> Postgres:
    """Return the newest installed PostgreSQL.

    Raises:
        NotServedError: if there is none.
    """
    found = installations("postgres", "initdb")
    if not found:
        raise NotServedError("PostgreSQL is not installed")
    return Postgres(found[-1].folder, found[-1].major, _account())


def _listed(found: dict[int, Installation]) -> str:
    return " and ".join(f"{major} ({one.folder})" for major, one in sorted(found.items())) or "none"


def _account() -> int | None:
    """Return the user that runs the server for root, as which it refuses to run; None for other users."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise NotServedError("PostgreSQL refuses to run as root, and there is no user 'postgres'; run sondeflow as a user")


def _let_through(cluster: Path, account: int) -> None:
    """Let the group of an account pass through home and stack folder, list neither, and own the cluster.

    Raises:
        NotServedError: if a folder above is closed to it.
    """
    user = pwd.getpwuid(account)
    cluster.mkdir(parents=True, exist_ok=True)
    os.chown(cluster, account, user.pw_gid)
    cluster.chmod(0o700)
    for folder in (cluster.parent, cluster.parent.parent):
        os.chown(folder, -1, user.pw_gid)
        folder.chmod(folder.stat().st_mode | 0o010)
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(cluster)],
        user=account,
        group=user.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
        stderr=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise NotServedError(
            f"user {user.pw_name}, who runs PostgreSQL for root, cannot reach {cluster}; run sondeflow as a user, or "
            "set SONDEFLOW_HOME to a folder below folders that all may pass through"
        )


def _run(
    command: Sequence[str],
    *,
    account: int | None = None,
    environment: dict[str, str] | None = None,
    may_fail: bool = False,
) -> str:
    group = None if account is None else pwd.getpwuid(account).pw_gid
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        user=account,
        group=group,
        extra_groups=None if account is None else [],
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and not may_fail:
        raise NotServedError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
