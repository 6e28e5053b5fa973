"""Marks strings for translation; the core itself never translates."""

_marked: set[str] = set()


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Return `message` unchanged; extraction tools collect it, the page translates it when it draws."""
    _marked.add(message)
    return message


def is_marked(message: object) -> bool:
    """Whether this program says so itself, as far as it has been loaded: a sentence from a file of others may be anything."""
    return isinstance(message, str) and message in _marked
