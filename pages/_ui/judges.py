"""The names of what compares pictures (a set's classifier, Inception), in the visitor's language. Files and frames hold them in English."""

import re
from collections.abc import Callable

from gan_core import registry
from gan_core.text import N_
from pages._ui.i18n import number

Translate = Callable[[str], str]

CLASSIFIER, EACH, INCEPTION = N_("{data} classifier"), N_("{data} classifier of each channel"), N_("standard Inception")
LABELS: dict[str, str] = {
    "judge.more": N_("{name}, {width} features, {accuracy} % accurate"),
    "judge.each": N_("{name}, {width} features of each channel, {accuracy} % accurate"),
}
_MORE = re.compile(r"(.+), (\d+) features, ([\d.]+) % accurate(, of each of \d+ channels)?")


def names(_: Translate) -> dict[str, str]:
    """Each name as it is written in English -> in the language; none for English itself, which keeps the short names of the sets."""
    if _(CLASSIFIER) == CLASSIFIER:
        return {}
    sets = [entry for entry in registry.dataset.entries() if entry.info["kind"] != "points"]
    said = {way.format(data=e.name): _(way).replace("{data}", _(e.title)) for e in sets for way in (CLASSIFIER, EACH)}
    return said | {INCEPTION: _(INCEPTION)}


def labels(_: Translate) -> dict[str, str]:
    """For `Words.judge` in the browser."""
    return {code: _(text) for code, text in LABELS.items()} | {f"judge:{name}": text for name, text in names(_).items()}


def said(text: str, _: Translate) -> str:
    """A name, or a description that begins with one."""
    known = names(_)
    more = _MORE.fullmatch(text)
    if more is None or more[1] not in known:
        return known.get(text, text)
    template = LABELS["judge.each" if more[4] else "judge.more"]
    return _(template).format(name=known[more[1]], width=number(int(more[2])), accuracy=number(float(more[3]), 1))
