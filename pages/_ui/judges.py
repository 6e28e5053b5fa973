"""The names of what compares pictures (a set's classifier, Inception), for the browser: frames hold them in English."""

from collections.abc import Callable

from gan_core import registry
from gan_core.metrics import eyes


def labels(_: Callable[[str], str]) -> dict[str, str]:
    """For `Words.judge`, which says them as `eyes.said` does: the templates, in the order in which they are tried, each as it is said; the
    names that have no template; and the sets that are called otherwise in this language."""
    known = (*eyes.TEMPLATES, eyes.PIXELS, eyes.INCEPTION)
    titles = {entry.name: entry.title for entry in registry.dataset.entries() if entry.info["kind"] != "points"}
    return (
        {"judge.templates": "\n".join(eyes.TEMPLATES)}
        | {f"judge:{text}": _(text) for text in known}
        | {f"judge.set:{name}": _(title) for name, title in titles.items() if _(title) != title}
    )
