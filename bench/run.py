"""The parameters of every goal: the servers, the register, the reader, and the alternating rounds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import client, figures
from bench.client import Answers
from bench.ground import Ground, Web
from bench.meter import Reading

QUIET = 0.25  # cores of foreign load below which requests a second are reliable


@dataclass(slots=True)
class Side:
    """One side of a comparison, over its rounds."""

    answers: list[Answers] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return [one.a_second for one in self.answers]

    @property
    def cpu(self) -> list[float]:
        """Return the CPU seconds of web server and database per correct answer, for each round."""
        return [used.cpu / max(one.right, 1) for one, used in zip(self.answers, self.readings, strict=True)]

    @property
    def web_cpu(self) -> list[float]:
        return [used.web / max(one.right, 1) for one, used in zip(self.answers, self.readings, strict=True)]

    @property
    def wrong(self) -> str:
        """Return the first wrong answer; "" if all were correct."""
        bad = [one for one in self.answers if one.wrong or not one.right]
        return (bad[0].first_wrong or "no answer") if bad else ""

    def shown(self) -> dict[str, float]:
        """Return the values for the details of a line."""
        latencies = [one for answers in self.answers for one in answers.latencies] or [0.0]
        return {
            "a_second": round(figures.spread(self.rates).median, 1),
            "cpu_ms": round(1000 * figures.spread(self.cpu).median, 3),
            "web_cpu_ms": round(1000 * figures.spread(self.web_cpu).median, 3),
            "median_ms": round(1000 * figures.percentile(latencies, 0.5), 2),
            "p95_ms": round(1000 * figures.percentile(latencies, 0.95), 2),
        }


@dataclass(slots=True)
class Part:
    """The server and the load of a side in one round."""

    web: Web
    load: Callable[[float], Answers]


@dataclass
class Run:
    """One run. rounds: of each comparison. seconds: of each side in a round. risks: now in the register.

    points: stored ones, for the goals about very many of them.
    """

    ground: Ground
    rows: int
    points: int
    rounds: int
    seconds: float
    at: datetime
    out: Path
    webs: dict[str, Web] = field(default_factory=dict)
    risks: int = 0

    def keep(self, found: Mapping[str, Any]) -> None:
        """Write a line immediately, so that an interrupted run keeps its results."""
        with self.out.open("a") as file:
            file.write(json.dumps(found, ensure_ascii=False) + "\n")

    @property
    def ours(self) -> Web:
        return self.webs["ours"]

    @property
    def yardstick(self) -> Web:
        return self.webs["yardstick"]

    def alternate(self, parts: Mapping[str, Part]) -> dict[str, Side]:
        """Warm up each side, then run the rounds. Each round starts with another side."""
        for part in parts.values():
            part.load(self.seconds / 3)
        sides = {name: Side() for name in parts}
        names = list(parts)
        for number in range(self.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                part = parts[name]
                with part.web.metered() as reading:
                    answers = part.load(self.seconds)
                sides[name].answers.append(answers)
                sides[name].readings.append(reading)
        return sides

    @cached_property
    def cookie(self) -> str:
        """Return the cookie of a session of the reader."""
        from django.test import Client

        from bench import register

        visitor = Client(SERVER_NAME="localhost")
        visitor.force_login(register.reader())
        return f"sessionid={visitor.cookies['sessionid'].value}"

    def token(self, scope: str) -> dict[str, str]:
        """Return the header with a new token of the reader."""
        from bench import register
        from kit.actor import SYSTEM
        from people.operations import token

        _, text = token.issue(register.reader(), name=f"Bench {scope}", scope=scope, by=SYSTEM, at=self.at)
        return {"Authorization": f"Bearer {text}"}


def foreign(sides: Mapping[str, Side]) -> float:
    """Return the largest number of cores that other processes used in a round."""
    return max(reading.foreign for side in sides.values() for reading in side.readings)


def same(web: Web, sent: bytes, *, clients: int, check: client.Check) -> Part:
    """Return a part that repeats one request."""

    def endless(number: int):
        while True:
            yield sent

    return Part(
        web, lambda seconds: client.load(web.port, endless, clients=clients, seconds=seconds, check=check)
    )
