"""2-D Lab: the mechanics of a GAN, seen whole."""

from pages._ui.i18n import translate
from pages._ui.lab import Lab

_ = translate()
Lab(page="lab", kind="points", default_preset="ring").draw(
    _("2-D Lab"),
    _(
        "A generator learns to place orange points where the blue ones are; the discriminator (the critic) learns to tell them apart."
    ),
)
