"""The names of what compares pictures (a set's classifier, Inception), for the browser: frames hold them in English."""

from collections.abc import Callable

from gan_core import registry
from gan_core.metrics import eyes
from gan_core.text import N_

LABELS: dict[str, str] = {
    "judge.more": N_("{name}, {width} features, {accuracy} % accurate"),
    "judge.each": N_("{name}, {width} features of each channel, {accuracy} % accurate"),
}


def labels(_: Callable[[str], str]) -> dict[str, str]:
    """For `Words.judge`: each name as it is kept, and as it is said."""
    sets = [entry.name for entry in registry.dataset.entries() if entry.info["kind"] != "points"]
    names = [eyes.CLASSIFIER.format(data=data) for data in sets]
    names += [eyes.EACH_CHANNEL.format(inner=name) for name in names] + [eyes.INCEPTION]
    return {code: _(text) for code, text in LABELS.items()} | {f"judge:{name}": eyes.said(name, _) for name in names}
