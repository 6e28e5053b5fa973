"""How the text of a script is laid out: functions, indented lines, spaces between."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any


def function(name: str, arguments: str, doc: str, lines: Iterable[str], result: str = "Tensor") -> str:
    """The definition of a function with a docstring; `lines`: of its body."""
    body = textwrap.indent("\n".join([f'"""{doc}"""', *lines]), "    ")
    return f"def {name}({arguments}) -> {result}:\n{body}\n"


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one level further in."""
    return [line for part in lines for line in textwrap.indent(part, "    ").splitlines()]


def literal(value: Any) -> str:
    """A value of a setting as Python writes it; text in double quotes."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def spaced(text: str) -> str:
    """Two empty lines around definitions and at most one elsewhere, as Python files have them."""
    out: list[str] = []
    inside = False
    for line in text.splitlines():
        if not line and (not out or not out[-1]):
            continue
        begins = line.startswith(("def ", "class ", "@"))
        ends = inside and line and not line.startswith((" ", ")", "]"))
        if (begins and not (out and out[-1].startswith("@"))) or (ends and not begins):
            while out and not out[-1]:
                out.pop()
            out += ["", ""] if out else []
        if begins:
            inside = True
        elif ends:
            inside = False
        out.append(line)
    return "\n".join(out) + "\n"
