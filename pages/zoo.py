"""Zoo of GANs: everything that is registered, explained, dated and ready to be tried."""

from pages._ui.i18n import translate
from pages._ui.zoo import Zoo

Zoo(translate()).draw()
