"""The message catalogues: `python -m pages._ui.catalogue zh_CN …` makes or updates them; the tests compare them."""

import ast
import sys
from collections.abc import Container, Iterator
from pathlib import Path
from typing import IO

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from pages._ui.i18n import LOCALES

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("gan_core", "pages")
_KEYWORDS = {"_": None, "N_": None}


def extracted(root: Path = ROOT) -> Catalog:
    """Every message that the sources mark with `_` or `N_`."""
    catalogue = Catalog(project="GAN Playground", charset="utf-8")
    for source in _SOURCES:
        found = extract_from_dir(
            root / source,
            [("**.py", "pages._ui.catalogue:calls")],
            keywords=_KEYWORDS,
            directory_filter=lambda path: not path.endswith("__pycache__"),  # by default _ui would be left out
        )
        for name, line, message, comments, context in found:
            catalogue.add(message, locations=[(f"{source}/{name}", line)], auto_comments=comments, context=context)
    return catalogue


def calls(
    source: IO[bytes], keywords: Container[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Babel's extraction method for Python, by its syntax tree: also what stands inside an f-string, which Babel's own passes over, and
    either branch of a choice."""
    for node in ast.walk(ast.parse(source.read())):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in keywords:
                yield from ((node.lineno, name, message, []) for message in _constants(node.args[0]))


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_constants(node.body), *_constants(node.orelse))


def path_of(code: str) -> Path:
    """Where the catalogue of a language lies."""
    return LOCALES / code / "LC_MESSAGES" / "messages.po"


def load(code: str) -> Catalog:
    """The catalogue of a language, empty if there is none yet."""
    path = path_of(code)
    if not path.is_file():
        return Catalog(locale=Locale.parse(code), project="GAN Playground", charset="utf-8")
    with path.open(encoding="utf-8") as source:
        return read_po(source, locale=code)


def untranslated(code: str, template: Catalog) -> list[str]:
    """Messages of `template` that the language lacks, or has only as a guess."""
    catalogue = load(code)
    return [_first(message) for message in template if message.id and not _is_done(catalogue.get(message.id))]


def _is_done(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def _first(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def update(code: str) -> int:
    """Bring the file of a language up to date with the sources; returns how many messages want translating."""
    template, catalogue = extracted(), load(code)
    catalogue.update(template, no_fuzzy_matching=True)
    path = path_of(code)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, catalogue, width=120, ignore_obsolete=True, sort_output=True, include_lineno=False)
    return len(untranslated(code, template))


if __name__ == "__main__":
    for language_code in sys.argv[1:]:
        print(f"{path_of(language_code)}: {update(language_code)} to translate")
