"""The source text of functions, with everything of gan_core that they use, for a file that stands alone.

    sources = Sources()
    sources.take(registry.loss["hinge"].value)    # "hinge"
    sources.imports(), sources.text()             # "from torch.nn.functional import relu", "def hinge(…): …"

What is written is the very code that trains, without the decorators that register it: nothing is listed twice.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from torch import Tensor

from gan_core.errors import ExportError
from gan_core.export.folding import fold
from gan_core.export.literals import Literals
from gan_core.text import N_

NOT_PLAIN = N_(
    "{name} cannot be written into a file that stands alone: its code uses {what}. Take the configuration instead."
)
_OURS = "gan_core"
_CUT = "\0"  # a line that is left out


class Sources:
    """Functions, classes and constants, each once, what is needed before what needs it. Raises ExportError for code that is not
    plain enough to be taken out of its place."""

    def __init__(self, literals: Literals, reserved: Iterable[str] = ()) -> None:
        self._literals = literals
        self._parts: dict[str, str] = {}
        self._origin: dict[str, object] = dict.fromkeys(reserved, "the file itself")
        self._imports: dict[str, set[str]] = defaultdict(set)

    def take(self, value: Any, name: str | None = None, given: Mapping[str, Any] | None = None) -> str:
        """Write down a function or class with what it needs; the name by which the file knows it, `name` if given. `given`:
        parameters of a function that always have these values: the file's function does not have them."""
        if "<locals>" in getattr(value, "__qualname__", ""):
            return self._take_nested(value, name or value.__name__)
        if not inspect.isfunction(value) and not inspect.isclass(value):
            raise ExportError(NOT_PLAIN, name=name or type(value).__name__, what=type(value).__name__)
        return self._take_global(sys.modules[value.__module__], value.__name__, given or {})

    def need(self, module: str, *names: str) -> None:
        """Import names from a module, or the module itself."""
        self._imports[module].update(names or {""})

    def flush(self) -> str:
        """The text of what was taken since the last time."""
        texts, self._parts = list(self._parts.values()), {}
        return "".join(text if _is_constant(text) else f"\n{text}\n" for text in texts)

    def imports(self) -> str:
        """The lines of imports: the standard library first, then torch."""
        groups: dict[bool, list[str]] = {False: [], True: []}
        for module, names in self._imports.items():
            lines = groups[module.split(".")[0] == "torch"]
            if "" in names:
                lines.append(f"import {module}")
            if named := sorted(names - {""}, key=lambda n: (n[0].islower(), n)):
                lines.append(f"from {module} import {', '.join(named)}")
        return "\n\n".join("\n".join(sorted(lines, key=_by_kind)) for lines in groups.values() if lines)

    # ── from a module ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_global(self, module: ModuleType, name: str, given: Mapping[str, Any] | None = None) -> str:
        node = _top_level(module).get(name)
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.Assign() | ast.AnnAssign():
                if self._is_new(name, (module.__name__, name, tuple((given or {}).items()))):
                    folded = fold(node, given) if given and isinstance(node, ast.FunctionDef) else node
                    self._follow(folded, module)
                    kept = [part for part in getattr(node, "decorator_list", []) if not _is_ours(part, module)]
                    for part in kept:
                        self._follow(part, module)
                    text = (
                        _unparsed(folded)
                        if isinstance(folded, ast.FunctionDef) and folded is not node
                        else _segment(module, node)
                    )
                    self._parts[name] = "".join(f"@{ast.unparse(part)}\n" for part in kept) + text
                return name
            case ast.ImportFrom(module=str(source)) if source.split(".")[0] == _OURS:
                alias = next(a for a in node.names if (a.asname or a.name) == name)
                return self._take_global(importlib.import_module(source), alias.name)
            case ast.ImportFrom(module=str(source)):
                self.need(source, name)
                return name
            case ast.Import():
                self.need(next(a.name for a in node.names if (a.asname or a.name).split(".")[0] == name))
                return name
            case _:
                raise ExportError(NOT_PLAIN, name=name, what=f"{module.__name__}.{name}")

    def _follow(self, node: ast.AST, module: ModuleType, known: Iterable[str] = ()) -> None:
        """Take what the code of `node` uses of its module."""
        local = {*known, *_assigned(node)}
        names = [name for name in _loaded(node) if name not in local]
        for name in names:
            if name in _top_level(module):
                self._take_global(module, name)
            elif not hasattr(builtins, name):
                raise ExportError(NOT_PLAIN, name=getattr(node, "name", module.__name__), what=name)
        for name in _annotations(node):
            origin = _top_level(module).get(name)
            if isinstance(origin, ast.ImportFrom) and (origin.module or "").split(".")[0] != _OURS:
                self.need(str(origin.module), name)

    # ── from inside a function ───────────────────────────────────────────────────────────────────────────────────────────

    def _take_nested(self, function: Callable[..., Any], name: str) -> str:
        """A function made by another one: what it has kept of that one becomes a constant or a function beside it."""
        if not inspect.isfunction(function) or function.__name__ == "<lambda>":
            raise ExportError(NOT_PLAIN, name=name, what=getattr(function, "__name__", type(function).__name__))
        if not self._is_new(name, id(function)):
            return name
        text = textwrap.dedent(inspect.getsource(function))
        node = ast.parse(text).body[0]
        assert isinstance(node, ast.FunctionDef)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        kept = {free: self._keep(free, cell.cell_contents) for free, cell in cells}
        self._follow(node, sys.modules[function.__module__], kept)
        lines = _renamed(text, node, kept).splitlines()[node.lineno - 1 :]
        lines[0] = lines[0].replace(f"def {node.name}(", f"def {name}(", 1)
        self._parts[name] = "\n".join(lines) + "\n"
        return name

    def _keep(self, name: str, value: Any) -> str:
        """What the function has kept under this name, under a name that is still free."""
        while name in self._origin:
            name += "_"
        if inspect.isfunction(value):
            return self.take(value, name)
        self._origin[name] = id(value)
        if isinstance(value, Tensor):
            self.need("torch")
        self._parts[name] = f"{name} = {self._literals.of(name, value)}\n"
        return name

    def _is_new(self, name: str, origin: object) -> bool:
        """Whether this is yet to be written; two things of one name would hide each other."""
        if name in self._origin and self._origin[name] != origin:
            raise ExportError(NOT_PLAIN, name=name, what=f"{name} ({self._origin[name]})")
        new = name not in self._origin
        self._origin[name] = origin
        return new


def _renamed(text: str, node: ast.AST, names: Mapping[str, str]) -> str:
    """The text of `node` with other names of variables; columns are counted in bytes, as ast does."""
    lines = [line.encode() for line in text.splitlines()]
    found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and names.get(n.id, n.id) != n.id]
    for n in sorted(found, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        line = lines[n.lineno - 1]
        lines[n.lineno - 1] = line[: n.col_offset] + names[n.id].encode() + line[n.end_col_offset :]
    return b"\n".join(lines).decode()


def _is_constant(text: str) -> bool:
    return not text.startswith(("def ", "class ", "@"))


def _by_kind(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


@cache
def _top_level(module: ModuleType) -> dict[str, ast.stmt]:
    """What each name of a module is, by the statement that makes it."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = node
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).split(".")[0]: node for alias in names}
            case ast.Assign() | ast.AnnAssign():
                found |= dict.fromkeys(_assigned(node), node)
            case _:
                pass
    return found


def _is_ours(decorator: ast.expr, module: ModuleType) -> bool:
    """Whether a decorator only registers what it decorates."""
    origin = _top_level(module).get(next(iter(_loaded(decorator))))
    return isinstance(origin, ast.ImportFrom) and (origin.module or "").split(".")[0] == _OURS


def _segment(module: ModuleType, node: ast.stmt) -> str:
    """The text of a statement, decorators left out (their lines come before `lineno`)."""
    lines = inspect.getsource(module).splitlines()
    said = node.body[0] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else None
    if isinstance(said, ast.Expr) and said.lineno != said.end_lineno and "" in lines[said.lineno : said.end_lineno]:
        end = lines.index("", said.lineno)  # of a docstring's first paragraph; the others are about the place it was in
        lines[end - 1 : said.end_lineno] = [lines[end - 1] + '"""'] + [_CUT] * (int(said.end_lineno or 0) - end)
    return "\n".join(line for line in lines[node.lineno - 1 : node.end_lineno] if line != _CUT) + "\n"


def _unparsed(node: ast.FunctionDef) -> str:
    said = node.body[0]
    if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
        said.value = ast.Constant(str(said.value.value).split("\n\n")[0])
    node.decorator_list = []
    return ast.unparse(node) + "\n"


def _assigned(node: ast.AST) -> set[str]:
    """Names that the code of `node` makes itself: parameters, variables, inner functions."""
    inner = [n for n in ast.walk(node) if n is not node]
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return (
        names
        | {n.arg for n in inner if isinstance(n, ast.arg)}
        | {n.name for n in inner if isinstance(n, ast.FunctionDef)}
    )


def _loaded(node: ast.AST) -> dict[str, None]:
    """Names that the code reads, in order; annotations and decorators do not count."""
    return dict.fromkeys(n.id for n in _code(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _code(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _code(child)


def _annotations(node: ast.AST) -> dict[str, None]:
    said = [getattr(n, field, None) for n in ast.walk(node) for field in ("annotation", "returns")]
    return dict.fromkeys(n.id for part in said if part is not None for n in ast.walk(part) if isinstance(n, ast.Name))
