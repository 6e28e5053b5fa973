"""Translations: catalogues are compiled in memory when first used; each script run asks anew, nothing is installed."""

import gettext
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from gan_core.text import BETWEEN, LIST, PAIR

if TYPE_CHECKING:
    from gan_core.speech import Speech

LOCALES = Path(__file__).parent / "locale"
ENGLISH = "en"
QUERY = "lang"
_NAMES = {"en": "English", "zh_CN": "简体中文"}
_SESSION_KEY = "_language"


def languages() -> dict[str, str]:
    """Language codes and their own names: English, and each language that has a catalogue."""
    codes = [ENGLISH, *sorted(path.parts[-3] for path in LOCALES.glob("*/LC_MESSAGES/messages.po"))]
    return {code: _NAMES.get(code) or Locale.parse(code).get_display_name() or code for code in codes}


def language() -> str:
    """The visitor's language: the link's `?lang=`, else what was chosen in this session, else the browser's."""
    chosen = known(st.query_params.get(QUERY)) or st.session_state.get(_SESSION_KEY) or known(st.context.locale)
    return str(chosen or ENGLISH)


def choose_language(code: str) -> None:
    """Keep `code` for this session and in the address."""
    st.session_state[_SESSION_KEY] = code
    st.query_params[QUERY] = code


def remember_language() -> None:
    """Keep `?lang=` in the session and in the address: Streamlit drops the query when another page opens."""
    if asked := known(st.query_params.get(QUERY)):
        st.session_state[_SESSION_KEY] = asked
    elif chosen := st.session_state.get(_SESSION_KEY):
        st.query_params[QUERY] = chosen


def known(code: str | None) -> str | None:
    """The language of ours that stands for `code` ("zh", "zh-Hans-CN", "en-GB"), or None."""
    if not code:
        return None
    try:
        wanted = Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None
    if wanted.language == "zh" and (wanted.script == "Hant" or wanted.territory in ("TW", "HK", "MO")):
        return None  # traditional characters are another written language
    return negotiate_locale([str(wanted), wanted.language, _by_language(wanted.language)], list(languages()))


def _by_language(name: str) -> str:
    return next((code for code in languages() if code.split("_")[0] == name), name)


@cache
def translator(code: str) -> gettext.NullTranslations:
    """The catalogue of `code`; English, and a language without one, return each message as it is."""
    path = LOCALES / code / "LC_MESSAGES" / "messages.po"
    if code == ENGLISH or not path.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open(encoding="utf-8") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate() -> Callable[[str], str]:
    """`_` for this script run: `_ = translate()`."""
    catalogue = translator(language())

    def _(message: str) -> str:
        return catalogue.gettext(message) if message else ""  # gettext answers "" with the catalogue's header

    return _


def joints(_: Callable[[str], str]) -> dict[str, str]:
    """How the browser joins words and sentences (`Words.list`, `Words.sentences`, `Words.pair`)."""
    return {"list.between": _(LIST), "sentence.between": _(BETWEEN), "pair": _(PAIR)}


def speech() -> "Speech":
    """Words and numbers in the visitor's language."""
    return _speech(translate())


def _speech(_: Callable[[str], str] = str) -> "Speech":
    from gan_core.speech import (
        Speech,  # with it come the settings, and torch: seconds that the first page does not wait for
    )

    return Speech(_, language())


def number(value: float, digits: int | None = None) -> str:
    """`value` in the visitor's way of writing numbers, rounded to `digits` decimals if given."""
    return _speech().number(value, digits)


def percent(share: float, digits: int = 0) -> str:
    """`share` (0…1) as a percentage in the visitor's way of writing."""
    return _speech().percent(share, digits)


def file_size(count: int) -> str:
    """Bytes in the unit that a person would choose."""
    return f"{number(count / 1e6, 1)} MB" if count >= 1e6 else f"{number(max(1, count / 1e3), 0)} kB"
