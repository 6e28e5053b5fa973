"""Image Lab: real pictures."""

from pages._ui.i18n import translate
from pages._ui.lab import Lab

_ = translate()
Lab(page="images", kind="images", default_preset="digits").draw(
    _("Image Lab"),
    _("The same game with pictures: from noise to handwritten digits, while you watch."),
)
