"""The code of an exhibit as it is in this project: read from the sources when it is asked for."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gan_core import registry
from gan_core.networks.family import Family
from gan_core.registry import Registry

if TYPE_CHECKING:
    from gan_core.zoo.exhibits import Exhibit

_KINDS = {name for name, value in vars(registry).items() if isinstance(value, Registry)}
_ROOT = Path(__file__).resolve().parents[2]


class Source(NamedTuple):
    """`file`: its path in this project, of a plugin its name; `line`: of the first one; `text`: Python."""

    file: str
    line: int
    text: str


def sources(exhibit: Exhibit) -> list[Source]:
    """The functions and classes that an exhibit is made of; of a recipe its settings. Without an entry's `code`, its value's own. Nothing where
    a source cannot be read."""
    if exhibit.kind == "recipe":
        return [_settings(exhibit)]
    named = exhibit.story.code if exhibit.story else ()
    found = [_source(value) for value in (*_own(exhibit), *map(resolve, named))]
    return list(dict.fromkeys(one for one in found if one is not None))


def _own(exhibit: Exhibit) -> tuple[Any, ...]:
    value = exhibit.entry.value
    if isinstance(value, Family):
        return tuple(
            getattr(value, player) for player in exhibit.entry.info.get("plays", ("generator", "discriminator"))
        )
    return (value,) if inspect.isroutine(value) or inspect.isclass(value) else ()


def resolve(name: str) -> Any:
    """What "module:name" or "module:Class.name" stands for. Raises ImportError, AttributeError."""
    module, _, path = name.partition(":")
    value: Any = functools.reduce(getattr, path.split("."), importlib.import_module(module))
    return value.fget if isinstance(value, property) else value


def _source(value: Any) -> Source | None:
    value = inspect.unwrap(value)
    try:
        lines, first = inspect.getsourcelines(value)
        file = inspect.getsourcefile(value) or ""
    except (OSError, TypeError):
        return None
    text, left_out = _without_registration(textwrap.dedent("".join(lines)))
    return Source(_relative(Path(file)), first + left_out, text.rstrip())


def _without_registration(text: str) -> tuple[str, int]:
    """A definition without the decorators that register it, whose words are shown beside it; and how many lines that leaves out before it."""
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    lines, skipped = text.splitlines(keepends=True), set[int]()
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] in _KINDS:
            skipped |= {*range(decorator.lineno - 1, decorator.end_lineno or decorator.lineno)}
    first = next(i for i in range(len(lines)) if i not in skipped and lines[i].strip(" )\n").partition("#")[0])
    return "".join(line for i, line in enumerate(lines) if i >= first and i not in skipped), first


def _settings(exhibit: Exhibit) -> Source:
    """The settings of a recipe as they are registered, as a dictionary."""
    said = ",\n".join(f"    {name!r}: {value!r}" for name, value in exhibit.entry.value.items())
    origin = exhibit.entry.origin or _registered_in(exhibit.name)
    return Source(_relative(Path(origin)) if origin else "", 0, f"{{\n{said},\n}}")


def _registered_in(preset: str) -> str:
    """The file of gan_core.presets that names a preset."""
    modules = [module for name, module in sys.modules.items() if name.startswith("gan_core.presets.")]
    files = [file for module in modules if (file := inspect.getsourcefile(module))]
    here = re.compile(rf'^preset\(\s*"{preset}"', re.MULTILINE)
    return next((file for file in files if here.search(Path(file).read_text(encoding="utf-8"))), "")


def _relative(file: Path) -> str:
    return file.relative_to(_ROOT).as_posix() if file.is_relative_to(_ROOT) else file.name
