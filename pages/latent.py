"""Latent Explorer: walk through what a trained generator has learned."""

from pages._ui.i18n import translate
from pages._ui.latent import explorer

explorer(translate())
