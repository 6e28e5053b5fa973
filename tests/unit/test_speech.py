"""How numbers are written."""

import pytest

from gan_core import config as settings
from gan_core.speech import Speech


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_number_has_a_minus_and_no_hyphen(language: str) -> None:
    speech = Speech(str, language)
    assert speech.number(-1234.5) == "\u22121,234.5"
    assert speech.number(-1.386, 2) == "\u22121.39"
    assert speech.number(-2, 0) == "\u22122"
    assert speech.percent(-0.125, 1) == "\u221212.5%"
    assert (speech.number(1234.5), speech.number(0), speech.percent(0.5)) == ("1,234.5", "0", "50%")


def test_a_setting_has_one_too_but_its_exponent_can_be_typed() -> None:
    rate = settings.field("g_optimizer.lr")
    assert Speech().value(rate, -0.5) == "\u22120.5"
    assert Speech().value(rate, 2e-5) == "2e-5"
