"""Name, tags and notes: what people type is tidied or refused with a sentence; damaged files say less and never break."""

from __future__ import annotations

import json
import logging
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_core.errors import RunError
from gan_core.runs import about
from gan_core.runs.about import About, checked, read, write

FAST = settings(
    max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=120),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=25,
)


def is_clean(said: About) -> bool:
    """Whether it keeps every promise of the type."""
    folded = [tag.casefold() for tag in said.tags]
    texts = (said.name, said.notes.replace("\n", "").replace("\t", ""), *said.tags)
    return (
        len(said.name) <= 80
        and len(said.notes) <= 10_000
        and len(said.tags) <= 12
        and len(set(folded)) == len(folded)
        and all(0 < len(tag) <= 30 and "," not in tag and tag == " ".join(tag.split()) for tag in said.tags)
        and said.name == " ".join(said.name.split())
        and not any(unicodedata.category(c) in ("Cc", "Cs") for text in texts for c in text)
    )


# ── the border ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_fine_stays() -> None:
    said = checked("Ring, 8 modes (β₁ = 0)", ["baseline", "Zoë's", "数字 28"], "First line\n\tindented\n\nlast: 👩‍🔬")
    assert said == About(
        "Ring, 8 modes (β₁ = 0)", ("baseline", "Zoë's", "数字 28"), "First line\n\tindented\n\nlast: 👩‍🔬"
    )
    assert checked("", (), "") == About()


def test_white_space_is_tidied() -> None:
    said = checked("  a \n name\u3000of\ttwo\u2028lines ", ["  x  y ", "", " \n"], "\r\n one\r\ntwo\rthree \n")
    assert said == About("a name of two lines", ("x y",), "one\ntwo\nthree")


def test_control_characters_are_left_out() -> None:
    said = checked("a\x00b\x1b[31m \x7f c", ["t\x07ag", "\x00"], "no\x00te\x9d\n\t.\ud800")
    assert said == About("ab[31m c", ("tag",), "note\n\t.")


def test_a_tag_is_there_once() -> None:
    assert checked("", ["GAN", "gan", "Gan ", "Zoe\u0308", "ZO\u00cb", "straße", "STRASSE"], "").tags == (
        "GAN",
        "Zoe\u0308",
        "straße",
    )


def test_as_long_as_is_allowed() -> None:
    tags = [f"{i:02}" + "x" * 28 for i in range(12)]
    said = checked("n" * 80, [*tags, tags[0].upper()], "m" * 10_000 + "   ")
    assert (len(said.name), len(said.tags), len(said.notes)) == (80, 12, 10_000)


@pytest.mark.parametrize(
    ("name", "tags", "notes", "said"),
    [
        ("n" * 81, (), "", "81 characters.*80"),
        ("", ["t" * 31], "", "31 characters.*30"),
        ("", ["a, b"], "", "comma"),
        ("", ["{length}, {0}"], "", "comma"),
        ("", [str(i) for i in range(13)], "", "13 tags.*12"),
        ("", (), "m" * 10_001, "10001 characters.*10000"),
    ],
)
def test_what_is_refused(name: str, tags: list[str], notes: str, said: str) -> None:
    with pytest.raises(RunError, match=said) as caught:
        checked(name, tags, notes)
    assert str(caught.value) == caught.value.template.format(**caught.value.params)


@FAST
@given(st.text(max_size=100), st.lists(st.text(max_size=40), max_size=15), st.text(max_size=300))
def test_any_text_is_tidied_or_refused(tmp_path: Path, name: str, tags: list[str], notes: str) -> None:
    try:
        said = checked(name, tags, notes)
    except RunError:
        return
    assert is_clean(said)
    assert checked(said.name, said.tags, said.notes) == said
    write(tmp_path, said)
    assert read(tmp_path) == said


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_and_back(tmp_path: Path) -> None:
    said = About("Zoë 数字", ("a", "β"), "one\n\ttwo\nthree")
    write(tmp_path, said)
    assert read(tmp_path) == said
    assert json.loads((tmp_path / "notes.json").read_text(encoding="utf-8")) == {
        "version": 1, "name": "Zoë 数字", "tags": ["a", "β"], "notes": "one\n\ttwo\nthree"}  # fmt: skip
    assert "Zoë 数字" in (tmp_path / "notes.json").read_text(encoding="utf-8")
    write(tmp_path, About("second"))
    assert read(tmp_path) == About("second")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.json"]


def test_no_file_is_nothing_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(tmp_path) == read(tmp_path / "nowhere") == About()
    assert not caplog.records


WRONG = [b"", b"\x00" * 50, b"[]", b"3", b"null", b'{"name": ', b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 5000,
         b'{"name": "' + b"x" * (1 << 20) + b'"}', b'{"n": ' + b"9" * 5000 + b"}"]  # fmt: skip


@pytest.mark.parametrize("data", WRONG, ids=range(len(WRONG)))
def test_a_damaged_file_says_nothing(tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "notes.json").write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert read(tmp_path) == About()
    assert "notes.json" in caplog.text


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "notes.json").mkdir()
    assert read(tmp_path) == About()
    with pytest.raises(RunError, match="could not be saved"):
        write(tmp_path, About("x"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": 3, "tags": ["a"], "notes": "n"}, About("", ("a",), "n")),
        ({"name": "x", "tags": "a", "notes": ["n"]}, About("x")),
        ({"name": "x", "tags": [1, None, "a", ["b"], "A", "b"], "notes": None}, About("x", ("a", "b"))),
        ({"name": "y" * 99, "tags": ["t" * 31, "a,b", "c"], "notes": "z" * 10_050}, About("y" * 80, ("c",), "z" * 10_000)),
        ({"name": "x\ud800\x00", "tags": [str(i) for i in range(20)]}, About("x", tuple(str(i) for i in range(12)))),
        ({"version": 99, "colour": "blue", "name": "x"}, About("x")),
    ],
)  # fmt: skip
def test_what_is_of_a_wrong_type_is_left_out(tmp_path: Path, values: dict[str, Any], said: About) -> None:
    (tmp_path / "notes.json").write_text(json.dumps(values), encoding="utf-8")
    assert read(tmp_path) == said


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"name": "by hand"}', encoding="utf-8-sig")
    assert read(tmp_path) == About("by hand")


@FAST
@given(JSON | st.fixed_dictionaries({}, optional={"name": JSON, "tags": JSON, "notes": JSON}))
def test_any_json(tmp_path: Path, values: Any) -> None:
    (tmp_path / "notes.json").write_text(json.dumps(values), encoding="utf-8")
    assert is_clean(read(tmp_path))


def test_cut_short_at_every_byte(tmp_path: Path) -> None:
    write(tmp_path, About("name", ("a", "b"), "notes"))
    whole = (tmp_path / "notes.json").read_bytes()
    for end in range(len(whole)):
        (tmp_path / "notes.json").write_bytes(whole[:end])
        assert read(tmp_path) == About()


def test_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, About("before"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_core.runs.atomic.write_bytes", full)
    with pytest.raises(RunError, match="No space left on device"):
        write(tmp_path, About("after"))
    monkeypatch.undo()
    assert read(tmp_path) == About("before")
    with pytest.raises(RunError, match="No such file"):
        write(tmp_path / "gone", About("x"))


def test_fold_knows_case_and_accents() -> None:
    assert about.fold("ÉCOLE") == about.fold("e\u0301cole") == about.fold("école")
    assert about.fold("a") != about.fold("á")
