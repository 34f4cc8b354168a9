"""What a process tree does: its members, and the ports it listens on."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


def tree(pid: int) -> set[int]:
    """The process and all that descends from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, new = set(), {pid}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in found} - found
    return found


def command_line(pid: int) -> bytes:
    """Program and arguments of a process, separated by zero bytes; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def listening_ports(pids: set[int]) -> set[int]:
    """TCP ports that processes listen on."""
    sockets = set()
    for pid in pids:
        for descriptor in _links(Path(f"/proc/{pid}/fd")):
            sockets.add(descriptor.removeprefix("socket:[").removesuffix("]"))
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


def run_watched(command: Sequence[str], environment: Mapping[str, str]) -> tuple[subprocess.CompletedProcess, set[int]]:
    """Run a command; its result, and every port that it or a process of its own listened on meanwhile."""
    ports: set[int] = set()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(0.02):
                ports.update(listening_ports(tree(process.pid)))

        watcher = threading.Thread(target=look)
        watcher.start()
        out, err = process.communicate(timeout=300)
        ended.set()
        watcher.join()
    return subprocess.CompletedProcess(command, process.returncode, out, err), ports


def _links(folder: Path) -> list[str]:
    found = []
    try:
        for path in folder.iterdir():
            found.append(str(path.readlink()))
    except OSError:
        return found
    return found
