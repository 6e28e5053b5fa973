"""What to see in a preset, and what to try in it."""

from collections.abc import Callable
from typing import Any

from gan_core.registry import Entry


def hints(entry: Entry[Any], _: Callable[[str], str]) -> tuple[str, str]:
    """Two paragraphs of Markdown."""
    return (
        f":material/visibility: **{_('What to see.')}** {_(entry.info['see'])}",
        f":material/touch_app: **{_('Try this.')}** {_(entry.info['try_this'])}",
    )
