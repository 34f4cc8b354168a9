"""`sondeflow ui` starts both servers, prints their addresses, and ends them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from helpers.closed_server import call
from helpers.paths import ROOT
from helpers.ports import free_port


@pytest.mark.slow
def test_both_interfaces_answer_and_end_with_the_command(tmp_path):
    ports = [free_port(), free_port()]
    command = [sys.executable, "-m", "flows", "ui", "--json"]
    command += ["--mlflow-port", str(ports[0]), "--prefect-port", str(ports[1])]
    environment = {**os.environ, "SONDEFLOW_HOME": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        answer = json.loads(process.stdout.readline())
        assert answer == {
            "command": "ui",
            "ok": True,
            "mlflow": f"http://127.0.0.1:{ports[0]}",
            "prefect": f"http://127.0.0.1:{ports[1]}",
        }
        for address in (f"{answer['mlflow']}/health", f"{answer['prefect']}/api/health"):
            with urllib.request.urlopen(address, timeout=20) as reply:
                assert reply.status == 200
        login = (tmp_path / "mlflow-password").read_text().strip()
        host, path = f"127.0.0.1:{ports[0]}", "/api/2.0/mlflow/experiments/search?max_results=1"
        logins = {"": 401, "sondeflow:guess": 401, login: 200}
        for text, status in logins.items():
            code = base64.b64encode(text.encode()).decode()
            assert call(ports[0], path, {"Host": host, "Authorization": f"Basic {code}"})[0] == status
        code = base64.b64encode(login.encode()).decode()
        assert call(ports[0], path, {"Host": "evil.example", "Authorization": f"Basic {code}"})[0] == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, f"something still listens on {port}"
