"""What features are called. Figures are kept with these names in English; shown, they are said in any language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from gan_core import registry
from gan_core.text import N_

PIXELS = N_("pixels")
INCEPTION, INCEPTION_IN_FULL = N_("standard Inception"), N_("standard Inception features, {width} wide")
CLASSIFIER, CLASSIFIER_IN_FULL = (
    N_("{data} classifier"),
    N_("{data} classifier, {width} features, {accuracy} % accurate"),
)
EACH_CHANNEL, EACH_CHANNEL_IN_FULL = N_("{inner} of each channel"), N_("{inner}, of each of {channels} channels")
TEMPLATES = (EACH_CHANNEL_IN_FULL, EACH_CHANNEL, CLASSIFIER_IN_FULL, INCEPTION_IN_FULL, CLASSIFIER)


def said(name: str, translate: Callable[[str], str]) -> str:
    """A name or description of features, as one of these templates wrote it, in a language; any other as it is. Where the data set's title
    is translated, it stands for the set's name."""
    for template in TEMPLATES:
        if found := _pattern(template).fullmatch(name):
            values = found.groupdict()
            if "inner" in values:
                values["inner"] = said(values["inner"], translate)
            if values.get("data") in registry.dataset:
                title = registry.dataset[values["data"]].title
                values["data"] = translate(title) if translate(title) != title else values["data"]
            return translate(template).format(**values)
    return translate(name)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(rf"(?P<{part}>.+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)), re.DOTALL
    )
