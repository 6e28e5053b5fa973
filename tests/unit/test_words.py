"""Lists, brackets and the names of features, in English and in a language with marks of its own."""

import pytest

from gan_core import config, registry
from gan_core.metrics import eyes
from gan_core.speech import Speech
from gan_core.text import beside, led, listed
from pages._ui.i18n import translator
from pages._ui.run_names import device_name

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


def test_a_sentence_after_its_bold_title() -> None:
    assert led("Try this.", "Wait.") == "**Try this.** Wait."
    assert (
        led("试一试。", "等一等。") == "**试一试**。等一等。"
    )  # Markdown would leave `**。**` before a letter as it is


@pytest.mark.parametrize(
    ("value", "said"), [(1e-6, "1e-6"), (0.00002, "2e-5"), (0.0001, "0.0001"), (0.5, "0.5"), (25_000.0, "25,000")]
)
def test_numbers_of_a_setting(value: float, said: str) -> None:
    assert Speech().value(config.field("g_optimizer.lr"), value) == said
    assert float(said.replace(",", "")) == value


@pytest.mark.parametrize(
    ("kept", "said"), [("cpu", "CPU"), ("mps", "Apple MPS"), ("NVIDIA H100", "NVIDIA H100"), ("", "")]
)
def test_what_computed_a_run_is_called_as_its_setting_calls_it(kept: str, said: str) -> None:
    assert device_name(kept, str) == said
