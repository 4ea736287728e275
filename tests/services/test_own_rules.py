"""The rules of deploy/ for Riskhub itself, checked by Prometheus's own tool."""

import subprocess
from pathlib import Path

from tests.services import prometheus

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus-rules.yml"


def test_prometheus_accepts_the_rules_for_riskhub_itself():
    command = [prometheus.program("RISKHUB_PROMTOOL"), "check", "rules", "--lint-fatal", str(RULES)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SUCCESS" in checked.stdout
