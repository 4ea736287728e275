"""`make check`: asks pip-audit whether a locked package has a known vulnerability.

pip-audit asks a service. Without one, as on a machine without Internet access, nothing is known about any
package: then the check says so in capital letters and passes, because no change of the code could cure it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "requirements.txt"


def main() -> int:
    """Return 0 if no locked package has a known vulnerability, 1 after printing those that have one."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--requirement", str(LOCK)]
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    code, lines = judge(done.stdout, done.stderr)
    print("\n".join(lines))
    return code


def judge(output: str, errors: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print for what pip-audit wrote."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        reason = errors.strip().splitlines()[-1:] or ["pip-audit wrote nothing"]
        return 0, [f"VULNERABILITIES NOT CHECKED: {reason[0]}"]
    vulnerable = [package for package in packages if package.get("vulns")]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    lines = [line for package in vulnerable for line in _lines(package)]
    if skipped:
        lines.append(
            f"VULNERABILITIES NOT CHECKED of {len(skipped)} of {len(packages)} packages: the service does not"
            " know them, or cannot be reached."
        )
    return (1 if vulnerable else 0), lines


def _lines(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {found['id']}. Fix: "
        + (f"make lock LOCK_ARGS='--upgrade-package {package['name']}'" if fixed else "none is released yet")
        + (f" (fixed in {', '.join(fixed)})" if fixed else "")
        for found in package["vulns"]
        for fixed in [found.get("fix_versions") or []]
    ]


if __name__ == "__main__":
    sys.exit(main())
