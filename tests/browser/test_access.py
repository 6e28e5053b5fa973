"""Every page for everybody: axe-core finds nothing serious on it, the keyboard reaches everything, what has the focus is seen.

axe comes with axe-playwright-python, which is kept up with new versions of it and installs with the other packages of the tests.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

Visitor = Callable[..., Any]
Rested = Callable[..., tuple[str, Any]]

SERIOUS = ("serious", "critical")
# What is Streamlit's own and no parameter, theme or style sheet changes: the rule, the element, and why.
STREAMLITS: tuple[tuple[str, str], ...] = ()


def wrongs(page: Any) -> list[str]:
    """What axe finds that is serious, an element each."""
    page.wait_for_timeout(300)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{page.url} {one['id']} {node['target']}: {node['failureSummary']} {node['html'][:300]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
        if not any(one["id"] == rule and part in node["html"] for rule, part in STREAMLITS)
    ]


def in_both(page: Any) -> list[str]:
    """The same in light and in dark."""
    page.emulate_media(color_scheme="light")
    light = wrongs(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    dark = wrongs(page)
    page.emulate_media(color_scheme="light")
    return light + dark


def settled(page: Any, path: str, shown: str) -> None:
    page.goto(path)
    page.locator(shown).first.wait_for()
    page.wait_for_timeout(700)


PLAIN = {
    "/": "text=This machine",
    "/lab": ".gl-high",
    "/compare": ".gl",
    "/images": ".gl-grid-fake canvas",
    "/translate": ".gl-grid-fake canvas",
    "/latent": "text=Latent Explorer",
    "/learn": "text=Glossary",
    "/learn?lesson=collapse": "h2",
    "/learn?glossary": "text=Glossary",
    "/runs": "h2",
    "/comparison": "text=Choose two to eight runs above",
}


@pytest.mark.parametrize(("path", "shown"), PLAIN.items())
def test_axe_finds_nothing_serious(visitor: Visitor, path: str, shown: str) -> None:
    page = visitor()
    settled(page, path, shown)
    assert in_both(page) == []
