"""Languages: which one a visitor gets, that catalogues are complete, and that the shell offers them."""

import io
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core.errors import PlaygroundError
from gan_core.runs.snapshots import Message
from gan_core.text import N_, Phrase, in_words, told
from pages._ui import catalogue, i18n
from pages._ui.failures import plain

PO = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Home"
msgstr "首页"

#, fuzzy
msgid "2-D Lab"
msgstr "a guess"
"""


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of catalogues with one for zh_CN, in place of the real one."""
    path = tmp_path / "zh_CN" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO, encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALES", tmp_path)
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    i18n.translator.cache_clear()
    yield tmp_path
    i18n.translator.cache_clear()


def test_a_catalogue_is_compiled_in_memory(chinese: Path) -> None:
    translate = i18n.translator("zh_CN").gettext
    assert translate("Home") == "首页"
    assert translate("2-D Lab") == "2-D Lab"  # a guess is not shown
    assert i18n.translator("en").gettext("Home") == i18n.translator("xx").gettext("Home") == "Home"
    assert [path.name for path in chinese.rglob("*.*")] == ["messages.po"]


@pytest.mark.parametrize(
    ("asked", "language"),
    [("zh-CN", "zh_CN"), ("zh", "zh_CN"), ("zh-Hans-CN", "zh_CN"), ("zh-SG", "zh_CN"), ("zh-TW", None),
     ("zh-Hant", None),
     ("en-GB", "en"), ("en", "en"), ("de-DE", None), ("../../x", None), ("", None), (None, None), ("x" * 500, None)],
)  # fmt: skip
def test_which_language_a_code_means(chinese: Path, asked: str | None, language: str | None) -> None:
    assert i18n.known(asked) == language


def _page() -> None:
    import streamlit as st

    from pages._ui import i18n
    from pages._ui.navigation import language_switch

    i18n.remember_language()
    language_switch()
    st.text(i18n.translate()("Home") + "|" + i18n.translate()("") + "|" + i18n.number(1234.5) + "|" + i18n.percent(0.5))


def test_link_choice_and_session(chinese: Path) -> None:
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params["lang"] = "zh_CN"
    assert app.run().text[0].value == "首页||1,234.5|50%"
    app.query_params.clear()  # Streamlit drops the query when another page opens
    assert app.run().text[0].value.startswith("首页")
    assert app.query_params["lang"] in ("zh_CN", ["zh_CN"])  # so that a reload keeps it, too
    assert app.sidebar.selectbox[0].value == "zh_CN"
    app.sidebar.selectbox[0].set_value("en").run()
    assert app.text[0].value.startswith("Home")
    assert app.query_params["lang"] in ("en", ["en"])


def test_without_a_catalogue_there_is_nothing_to_choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "LOCALES", tmp_path)
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.sidebar.selectbox
    assert app.text[0].value.startswith("Home")


def test_an_unknown_language_in_a_link_is_ignored(chinese: Path) -> None:
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params["lang"] = "../../etc"
    assert app.run().text[0].value.startswith("Home")
    assert not app.exception


def test_updating_keeps_translations_and_adds_what_is_new(chinese: Path) -> None:
    missing = catalogue.update("zh_CN")
    assert catalogue.load("zh_CN").get("Home").string == "首页"
    assert missing == len(catalogue.untranslated("zh_CN", catalogue.extracted())) > 0


SHIPPED = [code for code in i18n.languages() if code != i18n.ENGLISH]


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_language_is_complete(code: str) -> None:
    assert catalogue.untranslated(code, catalogue.extracted()) == []


@pytest.mark.parametrize("code", SHIPPED)
def test_translations_keep_the_placeholders(code: str) -> None:
    def fields(text: str) -> list[str]:
        return sorted(re.findall(r"{\w*[^}]*}", text))

    singular = [message for message in catalogue.load(code) if isinstance(message.id, str) and message.string]
    assert [m.id for m in singular if fields(m.id) != fields(m.string)] == []


def test_text_from_outside_is_not_markdown() -> None:
    assert plain("**b** <i> $x$ :red[a]") == r"\*\*b\*\* \<i\> \$x\$ \:red\[a\]"


_BOLD = re.compile(r"\*\*(.+?)\*\*")
_WORD = r"[^\s\W_]"


def test_bold_words_are_seen_as_such_between_chinese_ones() -> None:
    """Markdown takes ** for bold only where it can tell which side it belongs to: not between a bracket or full stop and a character."""
    from gan_core.lessons import texts

    said = [str(message.string) for code in SHIPPED for message in catalogue.load(code)]
    said += [
        text for path in texts.FOLDER.glob("*.md") for text in texts.read(path.read_text(encoding="utf-8")).values()
    ]
    for text in said:
        for found in _BOLD.finditer(text):
            before, after = text[: found.start()][-1:], text[found.end() :][:1]
            assert not (re.match(_WORD, before) and re.match(r"\W", found[1])), text
            assert not (re.match(_WORD, after) and re.match(r"\W", found[1][-1])), text


def test_messages_are_found_wherever_they_stand() -> None:
    source = b"x = _('one')\ny = f\"{self._('two')} {N_('three')}\" if a else _('four' if b else 'five')\nother('six')"
    found = [message for _line, _name, message, _c in catalogue.calls(io.BytesIO(source), {"_", "N_"}, (), {})]
    assert sorted(found) == ["five", "four", "one", "three", "two"]


def test_what_a_sentence_is_filled_in_with_is_translated_too(chinese: Path) -> None:
    translate = {"There is no {kind} called '{name}'.": "没有{kind}“{name}”。", "Home": "首页"}
    error = PlaygroundError("There is no {kind} called '{name}'.", kind=N_("Home"), name="a name of others")
    assert told(error, lambda message: translate.get(message, message)) == "没有首页“a name of others”。"
    assert told(error) == str(error)


def test_what_has_to_be_typed_is_not_translated(chinese: Path) -> None:
    """A word beside = or inside a name is code; the same word elsewhere, also in a list, is translated."""
    translate = {"points": "点", "pictures": "图片", ", ": "、", "discriminator": "判别器"}
    N_("discriminator")
    error = PlaygroundError(
        "{player}.network={network} draws {kinds}, and data.name={data} is {kind}.",
        player="discriminator", network="points", kinds="points, pictures", data="points", kind="points",
    )  # fmt: skip
    said = told(error, lambda message: translate.get(message, message))
    assert said == "discriminator.network=points draws 点、图片, and data.name=points is 点."
    assert told(error) == str(error)
    mixed = PlaygroundError("Use {allowed}.", allowed="points, a thing of others")
    assert told(mixed, lambda message: translate.get(message, message)) == "Use points, a thing of others."


def test_a_phrase_can_still_be_said_in_another_language() -> None:
    phrase = Phrase(N_("Fetching {file}"), file="a.gz")
    translate = {"Fetching {file}": "正在下载 {file}", "{what}: {share} %": "{what}：{share}%"}
    chinese = lambda message: translate.get(message, message)  # noqa: E731
    assert phrase == "Fetching a.gz"
    assert in_words(phrase, chinese) == "正在下载 a.gz"
    message = Message("{what}: {share} %", {"what": phrase.template, "share": 20, **phrase.params})
    assert str(message) == "Fetching a.gz: 20 %"
    assert told(message, chinese) == "正在下载 a.gz：20%"
