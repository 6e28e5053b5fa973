"""Lists, brackets and the names of features, in English and in a language with marks of its own."""

from gan_core import registry
from gan_core.metrics import eyes
from gan_core.text import beside, listed
from pages._ui.i18n import translator

CHINESE = translator("zh_CN").gettext


def test_lists_and_brackets() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["{a}", "b", "c"]) == "{a}, b, c"
    assert listed("甲乙丙", CHINESE) == "甲、乙、丙"
    assert beside("Width", "channels") == "Width (channels)"
    assert beside("宽度", "通道", CHINESE) == "宽度（通道）"


def test_features_are_said_in_a_language() -> None:
    digits = registry.dataset["digits"].title
    name = eyes.CLASSIFIER.format(data="digits")
    full = eyes.CLASSIFIER_IN_FULL.format(data="digits", width=64, accuracy="99.5")
    assert eyes.said(name, str) == "digits classifier"
    assert eyes.said(full, str) == "digits classifier, 64 features, 99.5 % accurate"
    assert "64" in eyes.said(full, CHINESE)
    assert "99.5%" in eyes.said(full, CHINESE)
    assert CHINESE(digits) in eyes.said(full, CHINESE)
    each = eyes.EACH_CHANNEL_IN_FULL.format(inner=full, channels=3)
    assert eyes.said(each, str) == "digits classifier, 64 features, 99.5 % accurate, of each of 3 channels"
    assert "classifier" not in eyes.said(each, CHINESE)
    assert eyes.said(eyes.PIXELS, CHINESE) == CHINESE("pixels")
    assert "Cats" in eyes.said("Cats classifier", CHINESE)  # of a set that is not registered
    assert eyes.said("something else", CHINESE) == "something else"
