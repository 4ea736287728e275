"""Goals 6 and 8: the risk list of a large register compared with a small one, and for a restricted reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench import client, figures, register
from bench.figures import Line
from bench.goals.reads import has_rows, wrong_of
from bench.run import Run, Side, same
from kit.actor import SYSTEM
from people.models import User
from people.operations import token
from people.states import Role
from risklog.filters.risk import RISKS
from risklog.models import Risk

SMALL = 1_000
CLIENTS = 4
NO_SMALL = f"The register has more than {SMALL:,} risks already. Use --home with an empty folder, or none."
P95 = 1.5
DEPTH = 8  # the number of pages before the measured deep page


@dataclass
class Scale:
    """The measurements of the small register, kept until the large one is measured."""

    small: dict[str, Side] = field(default_factory=dict)
    administrator: Side | None = None

    def measure_small(self, run: Run) -> None:
        """Measure a register of SMALL risks. A stored register that is already larger is not measured."""
        if Risk.objects.count() > SMALL:
            return
        self.small = _orders(run)
        self.administrator = _list_for(run, _person("admin@bench.example", Role.ADMINISTRATOR, run))

    def page_of_large(self, run: Run) -> Line:
        """Measure goal 6. Needs the large register."""
        most = _most(run.risks)
        line = Line(
            6,
            f"risk list at {run.risks:,} risks to {SMALL:,}, every order, two depths",
            f"median ≤ {most} ×, p95 ≤ {P95} ×",
        )
        if not self.small:
            line.why = NO_SMALL
            return line
        large = _orders(run)
        if wrong := wrong_of(large) or wrong_of(self.small):
            line.met, line.why = False, wrong
            return line
        ratios = {
            name: figures.spread(side.cpu).median / figures.spread(self.small[name].cpu).median
            for name, side in large.items()
        }
        spread = figures.spread(ratios.values())
        worst = max(ratios, key=lambda name: ratios[name])
        line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
        p95 = figures.percentile(list(ratios.values()), 0.95)
        line.met = spread.median <= most and p95 <= P95
        line.why = (
            f"CPU of web server and database a page; p95 of the {len(ratios)} pages {p95:.2f} ×;"
            f" the worst is {worst}, {ratios[worst]:.2f} ×."
        )
        line.details = {"ratios": {name: round(ratio, 2) for name, ratio in ratios.items()}}
        return line

    def rights_in_large(self, run: Run) -> Line:
        """Measure goal 8. Needs the large register."""
        line = Line(
            8, f"a restricted reader at {run.risks:,} risks, CPU to an administrator at {SMALL:,}", "≤ 1.3"
        )
        if self.administrator is None:
            line.why = NO_SMALL
            return line
        restricted = _list_for(run, register.reader())
        if wrong := restricted.wrong or self.administrator.wrong:
            line.met, line.why = False, wrong
            return line
        ratio = figures.ratios(restricted.cpu, self.administrator.cpu)
        line.figure, line.least, line.greatest = ratio.median, ratio.least, ratio.greatest
        line.met = ratio.median <= 1.3
        teams = register.teams_of(run.risks)
        line.why = f"One risk in {register.RESTRICTED_EACH} is restricted to its team; {teams:,} teams."
        line.details = {"restricted": restricted.shown(), "administrator": self.administrator.shown()}
        return line


def _most(risks: int) -> float:
    """Return how much the median may grow: more in a register of a million."""
    return 1.2 if risks <= 100_000 else 1.5


def _orders(run: Run) -> dict[str, Side]:
    """Measure every order of the list, its first page and a deep one."""
    headers = run.token("read")
    paths = {}
    for order in RISKS.orders:
        first = f"/api/v1/risks?order={order}&limit=50"
        paths[order], paths[f"{order}, page {DEPTH}"] = first, _deep(run, first, headers)
    parts = {
        name: same(run.ours, client.request(path, headers=headers), clients=CLIENTS, check=has_rows)
        for name, path in paths.items()
    }
    return run.alternate(parts)


def _deep(run: Run, path: str, headers: dict[str, str]) -> str:
    """Follow `next` and return the address of a page further on."""
    import orjson

    for _ in range(DEPTH - 1):
        _, body = client.ask(run.ours.port, client.request(path, headers=headers))
        following = orjson.loads(body)["next"]
        path = following[following.index("/api/") :]
    return path


def _person(email: str, role: str, run: Run) -> User:
    person = User.objects.select_related("subject").filter(email=email).first()
    if person is None:
        register.add_person(email, "Bench administrator", role, run.at)
        person = User.objects.select_related("subject").get(email=email)
    return person


def _list_for(run: Run, person: User) -> Side:
    _, text = token.issue(person, name="Bench rights", scope="read", by=SYSTEM, at=run.at)
    headers: dict[str, Any] = {"Authorization": f"Bearer {text}"}
    sent = client.request("/api/v1/risks?state=open&order=-severity", headers=headers)
    return run.alternate({"list": same(run.ours, sent, clients=CLIENTS, check=has_rows)})["list"]
