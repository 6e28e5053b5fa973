"""Translate: from one kind of picture to another."""

from pages._ui.i18n import translate
from pages._ui.lab import Lab

_ = translate()
Lab(page="translate", kind="pairs", default_preset="edges").draw(
    _("Translate"),
    _(
        "A generator that is given a picture instead of noise: outlines become digits, grey becomes colour, paper becomes neon."
    ),
)
