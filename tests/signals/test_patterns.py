"""Patterns of breaches: the test against exact numbers, planted patterns, and noise of many seeds."""

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import comb

import pytest

from signals import patterns

START = datetime(2026, 9, 1, tzinfo=UTC)
FIRST_MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
DAYS = 90
LAST = (START + timedelta(days=DAYS - 1)).date()
MODELS = {f"model-{n}": 1 + n % 3 for n in range(20)}
FEATURES = {f"feature-{n}": 1 for n in range(40)}
SEEDS = 400


def moment(chance, **fixed):
    at = START + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
    return at.replace(**fixed)


def crossings(breaches):
    """Return breaches (moment, model, feature), each of a cause of its own."""
    return [patterns.Occurrence(n, *breach[:1], n, *breach[1:]) for n, breach in enumerate(breaches)]


def cells(breaches):
    """Return all cells of breaches (moment, model, feature)."""
    return (
        patterns.cells_of_time(crossings(breaches), START.date(), LAST)
        + patterns.cells_of_values("model", [model for _, model, _ in breaches], MODELS)
        + patterns.cells_of_values("feature", [feature for _, _, feature in breaches], FEATURES)
    )


def anything(chance):
    """Return a model and a feature, each as often as it is watched."""
    (model,) = chance.choices(list(MODELS), list(MODELS.values()))
    return model, chance.choice(list(FEATURES))


def noise(chance, count):
    return [(moment(chance), *anything(chance)) for _ in range(count)]


def names(breaches):
    return {(pattern.cell.dimension, pattern.cell.value) for pattern in patterns.found(cells(breaches))}


@pytest.mark.parametrize(
    ("count", "total", "share"),
    [(1, 1, 0.5), (3, 10, 0.25), (9, 200, 0.03125), (40, 40, 0.5), (2, 200, 0.03125), (700, 2000, 0.25)],
)
def test_the_chance_is_the_exact_binomial_tail(count, total, share):
    part = Fraction(share)
    exact = sum(comb(total, k) * part**k * (1 - part) ** (total - k) for k in range(count, total + 1))

    assert patterns.chance_of_at_least(count, total, share) == pytest.approx(float(exact), rel=1e-9)


def test_the_chance_at_its_ends():
    assert patterns.chance_of_at_least(0, 0, 0.5) == 1
    assert patterns.chance_of_at_least(3, 2, 0.5) == 0
    assert patterns.chance_of_at_least(2, 2, 1) == 1


def test_holm_multiplies_by_the_cells_that_are_left():
    tried = [patterns.Trial("hour", 3, 6, 10, 1 / 24), patterns.Trial("hour", 4, 5, 10, 1 / 24)]
    tried += [patterns.Trial("hour", hour, 0, 10, 1 / 24) for hour in range(5, 13)]

    first, second = patterns.found(tried)

    assert first.corrected == pytest.approx(first.chance * 10)
    assert second.corrected == pytest.approx(second.chance * 9)


@pytest.mark.parametrize("count", [0, 5, 60, 300])
def test_noise_is_quiet(count):
    """At most 10 of 400 sets report anything: if 1 in 100 does, more have a chance of 1 in 300."""
    false_alarms = sum(bool(names(noise(random.Random(seed), count))) for seed in range(SEEDS))

    assert false_alarms <= 10


@pytest.mark.parametrize(
    ("planted", "pattern"),
    [
        (lambda chance: (moment(chance, hour=3), *anything(chance)), ("hour", 3)),
        (lambda chance: (moment(chance), "model-7", anything(chance)[1]), ("model", "model-7")),
        (lambda chance: (moment(chance), anything(chance)[0], "feature-9"), ("feature", "feature-9")),
    ],
)
def test_planted_patterns_are_found(planted, pattern):
    """20 planted breaches among 60 of noise are found in at least 95 of 100 sets."""
    hits = 0
    for seed in range(100):
        chance = random.Random(seed)
        hits += pattern in names(noise(chance, 60) + [planted(chance) for _ in range(20)])

    assert hits >= 95


def test_a_planted_weekday_is_found():
    """30 breaches on Mondays among 60 of noise: a weekday has a large share, so it needs more of them."""
    hits = 0
    for seed in range(100):
        chance = random.Random(seed)
        mondays = [
            FIRST_MONDAY + timedelta(weeks=chance.randrange(12), hours=chance.randrange(24))
            for _ in range(30)
        ]
        hits += ("weekday", 0) in names(noise(chance, 60) + [(at, *anything(chance)) for at in mondays])

    assert hits >= 95


def test_one_cause_on_one_day_is_one_occasion():
    night = START.replace(hour=3)
    drift = [patterns.Occurrence(n, night + timedelta(minutes=n), "drift", "a", "age") for n in range(60)]
    income = patterns.Occurrence(60, night + timedelta(minutes=5), "drift", "a", "income")
    next_day = patterns.Occurrence(61, night + timedelta(days=1), "drift", "a", "age")

    assert patterns.once([next_day, *drift, income]) == [drift[0], next_day]
    assert patterns.counted([next_day, *drift, income], "feature") == [drift[0], income, next_day]


def test_two_occasions_are_no_pattern():
    watched = {"a": 1, "b": 100_000}

    assert patterns.found(patterns.cells_of_values("model", ["a", "a"], watched)) == []
    assert patterns.found(patterns.cells_of_values("model", ["a", "a", "a"], watched))


def test_a_value_that_is_not_watched_is_left_out():
    cells = patterns.cells_of_values("model", ["a", "gone"], {"a": 1, "b": 3, "c": 0})

    assert [(cell.value, cell.count, cell.total, cell.share) for cell in cells] == [
        ("a", 1, 1, 0.25),
        ("b", 0, 1, 0.75),
    ]
    assert patterns.cells_of_values("model", ["a"], {"a": 1}) == []


def nightly(count, *, times=None):
    """Return breaches at 03:00, one a day, each of a cause of its own."""
    night = START.replace(hour=3)
    return [
        patterns.Occurrence(n, night + timedelta(days=n), n, "a", f"feature-{n % 40}", times=times)
        for n in range(count)
    ]


def found(rows, watched=()):
    cells = patterns.cells_of(rows, watched, START.date(), LAST)
    return {(one.cell.dimension, one.cell.value, one.cell.within) for one in patterns.found(cells)}


def test_a_series_that_has_data_once_a_day_breaches_at_that_hour_by_chance():
    daily = patterns.times_of(START.replace(hour=3) + timedelta(days=n) for n in range(DAYS))

    assert ("hour", 3, "a") in found(nightly(30))
    assert found(nightly(30, times=daily)) == set()


def test_a_pattern_of_one_model_is_not_told_of_all_models_too():
    tried = patterns.cells_of(nightly(30), [], START.date(), LAST)

    told = patterns.narrowest(patterns.found(tried))

    assert [(one.cell.dimension, one.cell.value, one.cell.within) for one in told] == [("hour", 3, "a")]


def test_a_feature_is_compared_inside_its_model_and_over_all_models_that_have_it():
    """Model a breaches often and on every feature alike. The feature age breaches too often in both."""
    chance = random.Random(1)
    watched = [patterns.WatchedSignal("drift", model, f"f{n}") for model in "ab" for n in range(20)]
    watched += [patterns.WatchedSignal("drift", model, "age") for model in "ab"]
    often = [("a", f"f{n % 20}") for n in range(200)]
    age = [("a", "age")] * 30 + [("b", "age")] * 4 + [("b", f"f{n}") for n in range(4)]
    rows = [
        patterns.Occurrence(n, moment(chance), n, model, feature)
        for n, (model, feature) in enumerate(often + age)
    ]

    names = found(rows, watched)

    assert {("model", "a", None), ("feature", "age", "a"), ("feature", "age", None)} <= names
    assert {value for dimension, value, _ in names if dimension == "feature"} == {"age"}


def test_a_cause_on_many_features_is_no_pattern_of_the_other_model():
    """All 40 features of a drift together, once a day, and b breaches as often on its only one."""
    watched = [patterns.WatchedSignal("drift", "a", f"f{n}") for n in range(40)] + [
        patterns.WatchedSignal("auc", "b")
    ]
    chance, rows = random.Random(2), []
    for n in range(30):
        at = moment(chance)
        rows += [patterns.Occurrence(n * 41 + f, at, "drift of a", "a", f"f{f}") for f in range(40)]
        rows.append(patterns.Occurrence(n * 41 + 40, moment(chance), "auc of b", "b"))

    assert {name for name in found(rows, watched) if name[0] == "model"} == set()


def test_noise_of_a_whole_register_is_quiet():
    """At most 5 of 200 registers report anything: if 1 in 100 does, more have a chance of 1 in 60."""
    watched = [
        patterns.WatchedSignal("drift", model, feature) for model in list(MODELS)[:6] for feature in FEATURES
    ]
    false_alarms = 0
    for seed in range(200):
        chance = random.Random(seed)
        rows = [
            patterns.Occurrence(n, moment(chance), n, row.model, row.feature)
            for n, row in enumerate(chance.choices(watched, k=80))
        ]
        false_alarms += bool(found(rows, watched))

    assert false_alarms <= 5
