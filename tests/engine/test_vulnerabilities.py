"""What `make check` says about the answer of pip-audit."""

import json

from riskhub.engine.vulnerabilities import judge


def answer(*packages: dict) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


def test_a_known_vulnerability_fails_the_check_and_names_the_fix():
    found = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
    code, lines = judge(answer({"name": "leaky", "version": "1.0", "vulns": [found]}), "")
    assert code == 1
    assert lines == [
        "leaky 1.0: PYSEC-2026-1. Fix: make lock LOCK_ARGS='--upgrade-package leaky' (fixed in 2.0)"
    ]


def test_a_vulnerability_without_a_fixed_version_fails_too():
    found = {"id": "PYSEC-2026-2", "fix_versions": []}
    code, lines = judge(answer({"name": "leaky", "version": "1.0", "vulns": [found]}), "")
    assert (code, lines) == (1, ["leaky 1.0: PYSEC-2026-2. Fix: none is released yet"])


def test_packages_without_vulnerabilities_pass_silently():
    assert judge(answer({"name": "sound", "version": "1.0", "vulns": []}), "") == (0, [])


def test_a_service_that_knows_no_package_is_said_loudly():
    unknown = {"name": "sound", "skip_reason": "Dependency not found"}
    code, (line,) = judge(answer(unknown), "")
    assert code == 0
    assert line.startswith("VULNERABILITIES NOT CHECKED of 1 of 1 packages")


def test_a_service_that_cannot_be_reached_is_said_loudly():
    code, lines = judge("", "Traceback ...\nConnectionError: no route to host\n")
    assert (code, lines) == (0, ["VULNERABILITIES NOT CHECKED: ConnectionError: no route to host"])
