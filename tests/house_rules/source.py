"""What the house rules look at: the repository's modules, their syntax trees, and the text inside them.

A rule is a generator over one ``Module``: it yields a sentence for each breach, with its place and what to do instead.
So that each rule can be seen to fail, its test also shows it a bad snippet, made with ``snippet``.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from textwrap import dedent

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file; its path is relative to the repository."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The module's syntax tree."""
        return ast.parse(self.text)

    @property
    def room(self) -> str | None:
        """The room of the floor plan it belongs to (a file on the roof is its own room); None outside Bursar."""
        match self.path.parts:
            case ["src", "bursar", room, *_]:
                return room.removesuffix(".py")
            case _:
                return None

    @property
    def name(self) -> str:
        """How others import it: ``bursar.payouts.store``."""
        parts = self.path.relative_to("src") if self.path.parts[0] == "src" else self.path
        return ".".join(parts.with_suffix("").parts).removesuffix(".__init__")

    def at(self, where: ast.AST | int, words: str) -> str:
        """A sentence that begins with the place it is about."""
        return f"{self.path}:{where if isinstance(where, int) else getattr(where, 'lineno', 1)} {words}"


Rule = Callable[[Module], Iterable[str]]


def breaches(rule: Rule, modules: Iterable[Module]) -> list[str]:
    """Everything a rule has to say about these modules."""
    return [sentence for module in modules for sentence in rule(module)]


def assert_kept(rule: Rule, modules: Iterable[Module]) -> None:
    """Fail with every breach of the rule, one on a line."""
    broken = breaches(rule, modules)
    assert not broken, "\n".join(["", *broken])


def snippet(path: str, text: str) -> Module:
    """A module that does not exist, to show to a rule."""
    return Module(PurePosixPath(path), dedent(text))


def bursar() -> list[Module]:
    """The product."""
    return [module for module in python() if module.path.is_relative_to("src/bursar")]


def sandbox() -> list[Module]:
    """The gateway simulators."""
    return [module for module in python() if module.path.is_relative_to("src/bursar_sandbox")]


def suite() -> list[Module]:
    """The tests, these included."""
    return [module for module in python() if module.path.is_relative_to("tests")]


@lru_cache
def python() -> tuple[Module, ...]:
    """Every Python file of the repository."""
    return tuple(Module(path, (ROOT / path).read_text("utf-8")) for path in files() if path.suffix == ".py")


@lru_cache
def files() -> tuple[PurePosixPath, ...]:
    """Every file that is in git or would be added by ``git add .``, relative to the repository."""
    listing = subprocess.run(
        # The checkout of a build machine may belong to another user than the one who runs the tests.
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is where PATH says
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    paths = sorted({PurePosixPath(path) for path in listing.split("\0") if path})
    return tuple(path for path in paths if (ROOT / path).is_file())


# ---- Inside a module ------------------------------------------------------------------------------------------------


def functions(module: Module) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def calls(module: Module) -> Iterator[ast.Call]:
    """Every call."""
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def placed(module: Module) -> Iterator[tuple[ast.AST, str | None]]:
    """Everything in a module, with the name of the innermost function it stands in, if any."""
    return _placed(module.tree, None)


def _placed(node: ast.AST, function: str | None) -> Iterator[tuple[ast.AST, str | None]]:
    for child in ast.iter_child_nodes(node):
        yield child, function
        yield from _placed(child, child.name if isinstance(child, Function) else function)


def dotted(node: ast.expr) -> str:
    """A name as it is written: ``datetime.now`` for that expression, an empty text for anything but names."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, attribute):
            return f"{dotted(value)}.{attribute}" if dotted(value) else ""
        case _:
            return ""


@dataclass(frozen=True)
class Import:
    """One imported thing: the module, the name taken from it (None for the module as such), and the line."""

    module: str
    name: str | None
    line: int


def imports(module: Module) -> Iterator[Import]:
    """Every import, wherever it stands, with relative ones spelt out."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(module, node)
            yield from (Import(origin, alias.name, node.lineno) for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.path.name == "__init__.py" else module.name.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def names(module: Module) -> Iterator[tuple[str, int]]:
    """Every name in use, spelt out from where it was imported (``datetime.datetime.now``), with its line."""
    origins: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            origins |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            origins |= {alias.asname or alias.name: f"{_absolute(module, node)}.{alias.name}" for alias in node.names}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and (written := dotted(node)):
            first, dot, rest = written.partition(".")
            yield f"{origins.get(first, first)}{dot}{rest}", node.lineno


@dataclass(frozen=True)
class Text:
    """One string of a module that is not a docstring; ``function`` is the innermost one it stands in, if any."""

    value: str
    line: int
    function: str | None


def texts(module: Module) -> Iterator[Text]:
    """Every string that is not a docstring; the holes of an f-string are written ``{}``."""
    yield from _texts(module.tree, None)


def _texts(node: ast.AST, function: str | None) -> Iterator[Text]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(ast.Constant(str())):
                continue
            case ast.Constant(str(value)):
                yield Text(value, child.lineno, function)
            case ast.JoinedStr(parts):
                whole = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
                yield Text(whole, child.lineno, function)
                for hole in parts:
                    yield from _texts(hole, function)
            case _:
                yield from _texts(child, child.name if isinstance(child, Function) else function)


def comments(module: Module) -> Iterator[tuple[int, str]]:
    """Every comment with its line."""
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def words(name: str) -> list[str]:
    """A name's words in lower case, whether it is written ``in_this_way`` or ``InThisWay``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
