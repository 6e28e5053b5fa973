"""Marks strings for translation; the core itself never translates."""


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Return `message` unchanged; extraction tools collect it, the page translates it when it draws."""
    return message
