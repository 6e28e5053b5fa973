"""Side by side: two to four configurations on the same data and seed, trained in step."""

from pages._ui.i18n import translate
from pages._ui.side_by_side import SideBySide

SideBySide(translate()).draw()
