"""Compare: two to eight runs, which of them was better, and whether that is luck."""

from pages._ui.comparison import Comparison
from pages._ui.i18n import translate

Comparison(translate()).draw()
