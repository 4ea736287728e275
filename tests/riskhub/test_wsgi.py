"""What the web server serves."""

import os
import subprocess
import sys


def test_the_web_does_not_start_without_a_key_of_its_own():
    run = subprocess.run(
        [sys.executable, "-c", "import riskhub.wsgi"],
        env={**os.environ, "SECRET_KEY": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 1
    assert "SECRET_KEY is not set" in run.stderr
