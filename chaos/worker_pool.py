"""Forks worker processes, so that a thousand can be killed within minutes.

chaos.killing starts it as `python -m chaos.worker_pool '{…}'`. It loads Riskhub once, forks `workers`
children, and reads commands on its input: "kill", "freeze", "thaw" and a slot. Only this process kills and
reaps its children, so an id never belongs to another process. When its input ends, it ends its children and
itself.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

FRESH_SECONDS = 0.05  # a younger worker has not begun to work


class WorkerPool:
    def __init__(self, plan: dict) -> None:
        self.plan = plan
        self.slots: list[tuple[int, float]] = []
        self.kills = self.freezes = self.crashes = self.forks = 0

    def run(self, orders: Iterator[str]) -> None:
        self.slots = [self._fork() for _ in range(self.plan["workers"])]
        print("ready", flush=True)
        for order in orders:
            word, slot = order.split()
            getattr(self, word)(int(slot))
        for slot in range(len(self.slots)):
            self._end(slot)
        counts = {name: getattr(self, name) for name in ("kills", "freezes", "crashes", "forks")}
        print(json.dumps(counts), flush=True)

    def kill(self, slot: int) -> None:
        time.sleep(max(0.0, self.slots[slot][1] + FRESH_SECONDS - time.monotonic()))
        if self._end(slot):
            self.kills += 1
        self.slots[slot] = self._fork()

    def freeze(self, slot: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.slots[slot][0], signal.SIGSTOP)
        self.freezes += 1

    def thaw(self, slot: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.slots[slot][0], signal.SIGCONT)

    def _end(self, slot: int) -> bool:
        """Return True if our kill ended the worker. A worker that crashed is counted separately."""
        pid = self.slots[slot][0]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        is_ours = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.crashes += not is_ours
        return is_ours

    def _fork(self) -> tuple[int, float]:
        self.forks += 1
        seed = f"{self.plan['seed']}/{self.forks}"
        parent, pid = os.getpid(), os.fork()
        if pid:
            return pid, time.monotonic()
        code = 1
        try:
            sys.stdin.close()
            from chaos import closing, worker

            if self.plan.get("pauses"):
                closing.install_pauses(random.Random(seed))
            worker.work(self.plan, random.Random(seed), is_wanted=lambda: os.getppid() == parent)
            code = 0
        finally:
            os._exit(code)


def main() -> None:
    plan = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the runner handles Ctrl-C, and then closes our input
    import django

    django.setup()
    from chaos import breaking, closing, worker  # noqa: F401  (loaded once, for all children)

    if plan.get("broken"):
        breaking.in_worker(plan["broken"])
    WorkerPool(plan).run(line for line in sys.stdin if line.strip())


if __name__ == "__main__":
    main()
