"""Names and titles are never ordered by code points (lists.collation)."""

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.utils.module_loading import module_has_submodule

from lists.specification import ListSpec
from tests.house.test_templates import CODE, ROOT

WORDS = {"name", "title"}


def specs() -> Iterator[tuple[str, ListSpec]]:
    """Yield the list specifications of all rooms, with their names."""
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "filters"):
            module = import_module(f"{config.name}.filters")
            for name, value in vars(module).items():
                if isinstance(value, ListSpec):
                    yield f"{module.__name__}.{name}", value


def by_code_points(keys: list[str]) -> list[str]:
    """Return the keys that order a name or a title without its collated key before."""
    bare = [key.removeprefix("-") for key in keys]
    return [key for key in bare if key.rpartition("__")[2] in WORDS and f"{key}__collated" not in bare]


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        (["name", "id"], ["name"]),
        (["-user__name"], ["user__name"]),
        (["name__collated", "name", "id"], []),
        (["tier_order", "-name__collated", "-name"], []),
        (["model_name"], []),
    ],
)
def test_the_rule_finds_bare_names(keys, wrong):
    assert by_code_points(keys) == wrong


def test_no_list_is_ordered_by_a_bare_name_or_title():
    found = dict(specs())
    wrong = {
        f"{name} {label}": bad
        for name, spec in found.items()
        for label, order in spec.orders.items()
        if (bad := by_code_points(list(order.keys)))
    }

    assert wrong == {}
    assert len(found) > 12


def test_no_query_is_ordered_by_a_bare_name_or_title():
    wrong = []
    for path, text in CODE.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "order_by":
                keys = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                if by_code_points([key for key in keys if isinstance(key, str)]):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert wrong == []
