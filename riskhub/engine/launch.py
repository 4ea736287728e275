"""Starts a program as a child that ends with its parent, and drops root first if that is requested.

    launch.py '{"parent": 12, "signal": 2, "way": "capability", "uid": 65534, "gid": 65534}' PROGRAM ARG …

It is a separate program, because its steps belong between fork and exec, where a threaded Python must not
run.

PostgreSQL refuses to run as root. Both the program and the data may be below a folder that only root can
enter, and no folder may get wider permissions for it. There are two ways:

capability  becomes another user, but keeps the capability CAP_DAC_OVERRIDE, as an ambient one, so that it
            survives exec. Works with the default capabilities of a container.
namespace   stays the same user to the outside, but is another user inside its own user namespace. Needs at
            most the capability CAP_SETFCAP. Containers often forbid it.

Exit code 125: the way does not work here. The reason is on standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys

FAILED = 125
_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _prctl(libc: ctypes.CDLL, *numbers: int) -> None:
    padded = [*numbers, 0, 0, 0, 0, 0][:5]
    _check(libc.prctl(ctypes.c_int(padded[0]), *map(ctypes.c_ulong, padded[1:])), f"prctl {numbers[0]}")


def _keep_one_capability(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    # With the fix-up on, the kernel drops capabilities at setresuid, and access(2) ignores the remaining
    # ones. PostgreSQL uses access(2) to check whether its own programs may be run.
    _prctl(libc, _PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    bit = 1 << _CAP_DAC_OVERRIDE
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    data = struct.pack("=6I", bit, bit, bit, 0, 0, 0)
    _check(libc.capset(header, data), "capset")
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE)


def _enter_namespace(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    outside = os.geteuid(), os.getegid()
    _check(libc.unshare(_CLONE_NEWUSER), "unshare")
    maps = {"setgroups": "deny", "uid_map": f"{uid} {outside[0]} 1", "gid_map": f"{gid} {outside[1]} 1"}
    for name, text in maps.items():
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib would double the time to start
            file.write(text)


def _prepare(order: dict) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if order.get("way") == "capability":
        _keep_one_capability(libc, order["uid"], order["gid"])
    elif order.get("way") == "namespace":
        _enter_namespace(libc, order["uid"], order["gid"])
    if order.get("signal"):
        # This follows the change of user, because that change clears the setting.
        _prctl(libc, _PR_SET_PDEATHSIG, order["signal"])
        if os.getppid() != order["parent"]:
            raise OSError(f"the parent process {order['parent']} ended before the program started")


def _can_work(program: str, folder: str) -> bool:
    return os.geteuid() != 0 and os.access(program, os.X_OK) and os.access(folder, os.W_OK | os.X_OK)


def main(arguments: list[str]) -> None:
    """Become the program, or exit with FAILED. Never returns."""
    order, command = json.loads(arguments[0]), arguments[1:]
    try:
        _prepare(order)
        if "probe" in order:
            os._exit(0 if _can_work(command[0], order["probe"]) else FAILED)
        os.execv(command[0], command)  # noqa: S606 - a list without a shell, from our own code
    except OSError as error:
        sys.stderr.write(f"launch: {error}\n")
    os._exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
