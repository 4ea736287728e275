"""A real MLflow tracking server as a process of its own, with an empty registry in a folder that is deleted.

It is not in Riskhub's environment: `make services` installs it, by hashes (tests/services/mlflow.txt), into
.venv-services. RISKHUB_MLFLOW names another `mlflow` program.
"""

import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import AT

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("RISKHUB_MLFLOW", ROOT / ".venv-services" / "bin" / "mlflow"))
_MILLISECONDS = int(AT.timestamp() * 1000)
_STARTS_WITHIN = 180  # seconds; it imports much


class Mlflow:
    """The running server. url: of its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, **body):
        """Call its REST API. Returns the answer as an object."""
        answer = requests.request(method, f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def run(self, params: dict[str, str], tags: dict[str, str]) -> str:
        """Create a run with parameters and tags, and end it. Returns its id."""
        made = self.call("POST", "runs/create", experiment_id="0", start_time=_MILLISECONDS)
        run_id = made["run"]["info"]["run_id"]
        rows = {"params": _rows(params), "tags": _rows(tags)}
        self.call("POST", "runs/log-batch", run_id=run_id, **rows)
        self.call("POST", "runs/update", run_id=run_id, status="FINISHED", end_time=_MILLISECONDS)
        return run_id

    def version(self, model: str, **values) -> str:
        """Register a version of a model. Returns its number."""
        made = self.call("POST", "model-versions/create", name=model, source="s3://models/1", **values)
        return made["model_version"]["version"]


@contextmanager
def running():
    """Run the server. Yields an Mlflow. Skips the test, with the reason, where MLflow is not installed."""
    if not PROGRAM.exists():
        pytest.skip(f"NOT TESTED with a real MLflow: {PROGRAM} is missing. Run `make services`.")
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        command = [str(PROGRAM), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "./artifacts"]
        settings = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        }
        log = Path(folder) / "log.txt"
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **settings},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield Mlflow(url)
        finally:
            os.killpg(process.pid, 15)
            process.wait(30)


def _wait(url: str, process: subprocess.Popen, log: Path) -> None:
    ends = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < ends:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(f"MLflow did not start within {_STARTS_WITHIN} s: {log.read_text()}")


def _rows(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
