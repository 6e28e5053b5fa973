"""What pages say of a preset: what to see in it, what to try, and that there is none of that name."""

from collections.abc import Callable
from typing import Any

from gan_core.registry import Entry
from gan_core.text import N_

NO_PRESET = N_("There is no preset called '{name}' here.")


def hints(entry: Entry[Any], _: Callable[[str], str]) -> tuple[str, str]:
    """Two paragraphs of Markdown."""
    return (
        f":material/visibility: **{_('What to see.')}** {_(entry.info['see'])}",
        f":material/touch_app: **{_('Try this.')}** {_(entry.info['try_this'])}",
    )
