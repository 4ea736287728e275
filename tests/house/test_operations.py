"""A write is one operation in one transaction: no view, API method or feed runs two of them.

An operation is a public function of an operations module that takes its author, `by`.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/apps.py"))
SHELVES = ("views", "api", "feeds", "intake")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def modules() -> list[str]:
    """Return the modules that answer requests, relative to the checkout."""
    paths: list[Path] = list(ROOT.glob("riskhub/*.py"))
    for room in ROOMS:
        for shelf in SHELVES:
            paths += [ROOT / room / f"{shelf}.py", *(ROOT / room / shelf).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in paths if path.exists())


@cache
def operations_of(module: str) -> frozenset[str]:
    """Return the operations of a module such as meetings.operations.item."""
    path = ROOT / (module.replace(".", "/") + ".py")
    tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, FUNCTIONS)
        and not node.name.startswith("_")
        and "by" in {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    )


def names_of(tree: ast.Module) -> tuple[dict[str, str], set[str]]:
    """Return the operations that a module imports: name -> module, and the names of single operations."""
    of_modules, of_functions = {}, set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or ".operations" not in f"{node.module}.":
            continue
        for alias in node.names:
            name = alias.asname or alias.name
            if (ROOT / f"{node.module.replace('.', '/')}/{alias.name}.py").exists():
                of_modules[name] = f"{node.module}.{alias.name}"
            elif alias.name in operations_of(node.module):
                of_functions.add(name)
    return of_modules, of_functions


class Counter:
    """Counts the operations that one run of a function can call, at most. A loop counts twice."""

    def __init__(self, tree: ast.Module) -> None:
        self.modules, self.functions = names_of(tree)

    def of_block(self, block: Iterable[ast.stmt]) -> int:
        statements = list(block)
        for index, node in enumerate(statements):
            rest = statements[index + 1 :]
            if isinstance(node, ast.If):
                test = self.of(node.test)
                branches = (self._then(part, rest) for part in (node.body, node.orelse))
                return self._sum(statements[:index]) + test + max(branches)
            if isinstance(node, LEAVES):
                return self._sum(statements[: index + 1])
        return self._sum(statements)

    def _then(self, branch: list[ast.stmt], rest: list[ast.stmt]) -> int:
        return self.of_block(branch if branch and isinstance(branch[-1], LEAVES) else [*branch, *rest])

    def _sum(self, nodes: Iterable[ast.AST]) -> int:
        return sum(self.of(node) for node in nodes)

    def of(self, node: ast.AST) -> int:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in self.modules:
                count = int(attribute in operations_of(self.modules[name]))
            case ast.Name(id=name):
                count = int(name in self.functions)
            case ast.IfExp():
                count = self.of(node.test) + max(self.of(node.body), self.of(node.orelse))
            case ast.Subscript(value=ast.Dict(values=values)):
                count = max(self.of(value) for value in values)
            case ast.For() | ast.AsyncFor():
                count = self.of(node.iter) + 2 * self.of_block(node.body)
            case ast.While():
                count = self.of(node.test) + 2 * self.of_block(node.body)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                count = 2 * self._sum(ast.iter_child_nodes(node))
            case ast.Try():
                count = self._of_try(node)
            case ast.With() | ast.AsyncWith():
                count = self._sum(node.items) + self.of_block(node.body)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                count = self.of_block(node.body)
            case ast.Match():
                count = self.of(node.subject) + max(self.of_block(case.body) for case in node.cases)
            case _:
                count = self._sum(ast.iter_child_nodes(node))
        return count

    def _of_try(self, node: ast.Try) -> int:
        """An operation that raised has written nothing, so another one may run in its place."""
        body = self.of_block(node.body)
        instead = max((self.of_block(handler.body) for handler in node.handlers), default=0)
        after = self.of_block(node.orelse) + self.of_block(node.finalbody)
        return max(body, max(body - 1, 0) + instead) + after


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a module and the methods of its classes, without nested functions."""
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from (member for member in node.body if isinstance(member, FUNCTIONS))


def breaches(source: str) -> list[str]:
    """Return the functions of a module that can run more than one operation."""
    tree = ast.parse(source)
    counter = Counter(tree)
    return [node.name for node in functions_of(tree) if counter.of_block(node.body) > 1]


@pytest.mark.parametrize("module", modules())
def test_a_request_runs_one_operation(module):
    assert not breaches((ROOT / module).read_text())


IMPORTS = """
from meetings.operations import item as items
from meetings.operations.meeting import close
"""


@pytest.mark.parametrize(
    "body",
    [
        "items.finish(a); items.take_up(b)",
        "items.finish(a)\n    close(b)",
        "if a:\n        items.note(a)\n    items.change(a)",
        "for a in b:\n        items.take_off(a)",
        "[items.take_off(a) for a in b]",
        "flow(lambda: (items.finish(a), items.take_up(b)))",
        "try:\n        items.note(a)\n        close(a)\n    except E:\n        return",
        "flow(operation=items.finish)\n    items.take_up(a)",
    ],
)
def test_two_operations_are_found(body):
    assert breaches(f"{IMPORTS}\ndef view(a, b):\n    {body}\n") == ["view"]


@pytest.mark.parametrize(
    "body",
    [
        "items.finish(a)",
        "if a:\n        return items.note(a)\n    items.change(a)",
        "if a:\n        items.note(a)\n    else:\n        items.change(a)",
        "(items.note if a else items.change)(b)",
        "try:\n        items.note(a)\n    except E:\n        items.change(a)",
        "{'note': items.note, 'change': items.change}[a](b)",
        "show(items.NOTHING)",
    ],
)
def test_one_operation_is_fine(body):
    assert breaches(f"{IMPORTS}\ndef view(a, b):\n    {body}\n") == []
