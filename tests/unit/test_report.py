"""Reports: whole HTML pages that hold what the run's folder says, with everything escaped, in a given language."""

from __future__ import annotations

import base64
import html.parser
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_core import cli, serial
from gan_core.comparison.entries import Compared, entries
from gan_core.config import RunConfig, replace
from gan_core.report import comparison
from gan_core.report import run as one
from gan_core.runs import about, frames
from gan_core.runs.about import About
from gan_core.runs.curves import Curves
from gan_core.runs.folder import RunFolder
from gan_core.runs.headless import start, train
from gan_core.speech import Speech
from pages._ui import i18n

TINY: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16, "threads": 1,
    "engine": "eager",
}  # fmt: skip
VOID = {"meta", "img", "br", "link", "hr"}


class Page(html.parser.HTMLParser):
    """What a page says, and whether all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.outside: list[str] = []  # addresses of anything that would have to be fetched
        self.pictures: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("img", "script", "link", "iframe"):
            source = values.get("src") or values.get("href") or ""
            if source.startswith("data:"):
                self.pictures.append(source)
            elif source:
                self.outside.append(source)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and "style" not in self.open:
            self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(self.words)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    root = tmp_path_factory.mktemp("reports")
    found = []
    for name, changes in (("a", {}), ("b", {"penalty": "none"})):
        session = start(replace(RunConfig(), TINY | changes), root / name, root)
        train(session, steps=20)
        if name == "a":
            session.change({"k_d": 3})
        train(session, steps=40)
        folder = RunFolder(root / name)
        curves = Curves(frames.KEPT_NAMES)  # of looks at known moments, since those of a fast run are few
        for step in (5, 20, 40):
            curves.append(step, {"images": 16.0 * step, "seconds": step / 10, "swd": 1 / step, "g_loss": 0.7})
        folder.curves.rewrite(curves)
        found.append(Compared.read(name, RunFolder(root / name), name))
    return found


def test_the_page_of_a_run_needs_nothing_else_and_says_what_its_folder_says(runs: list[Compared]) -> None:
    page = Page(one.report(runs[0], Speech(), "http://here/lab"))
    assert page.open == []
    assert page.outside == []
    assert "Step 40" in page.said
    assert re.search(r"k_d|D steps per iteration", page.said)
    assert re.search(r"20\s+D steps per iteration\s+3", page.said)
    assert f"http://here/lab?c={serial.to_link(runs[0].config)}" in page.said
    assert serial.to_toml(runs[0].config) in page.said
    assert "torch" in page.said
    assert re.search(r"10,000 samples at step 40", page.said)
    for source in page.pictures:
        picture = Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1])))
        assert picture.format == "PNG"
        assert picture.width >= 200
    assert len(page.pictures) >= 1


def test_the_settings_in_it_are_those_of_the_run_again(runs: list[Compared]) -> None:
    said = Page(one.report(runs[0], Speech())).said
    toml = said[said.index("# config.toml") :].split("Versions")[0]
    assert serial.from_toml(toml) == runs[0].config


def test_what_people_typed_is_text(runs: list[Compared]) -> None:
    folder = runs[1].folder
    about.write(folder.path, About("<script>alert(1)</script>", ("<b>",), "1 < 2\n<img src=x onerror=alert(1)>"))
    text = one.report(runs[1], Speech(), 'http://h/"><script>alert(2)</script>')
    page = Page(text)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "1 < 2" in page.said
    assert page.outside == []


def test_it_is_in_the_given_language(runs: list[Compared]) -> None:
    words = {"Samples": "样本", "Settings": "设置", "Diagnosis": "诊断"}
    text = one.report(runs[0], Speech(lambda message: words.get(message, message), "zh_CN"))
    assert 'lang="zh-CN"' in text
    said = Page(text).said
    assert all(word in said for word in words.values())


def test_chinese_has_no_space_after_a_full_width_stop(runs: list[Compared]) -> None:
    text = comparison.report(entries(runs), Speech(i18n.translator("zh_CN").gettext, "zh_CN"))
    assert "。" in text
    assert not re.search("[。，：；](</b>)? ", text)
    assert "A：" in Page(text).said


def test_the_page_of_a_comparison(runs: list[Compared]) -> None:
    page = Page(comparison.report(entries(runs), Speech(), link="http://here/lab"))
    assert page.open == []
    assert page.outside == []
    assert "Settings that differ" in page.said
    assert re.search(r"Penalty\s+R1 \+ R2\s+None", page.said)
    assert "nobody can tell it from luck" in page.said
    assert page.said.count("config.toml") >= 4
    assert len(page.pictures) >= 2
    by_time = Page(comparison.report(entries(runs), Speech(), axis="seconds", by="swd"))
    assert "Training time (s)" in by_time.said
    assert re.search(r"Sliced Wasserstein: [AB]", by_time.said)


def test_a_run_that_has_not_begun_has_a_page(tmp_path: Path) -> None:
    session = start(replace(RunConfig(), TINY), tmp_path / "new", tmp_path)
    session.release()
    page = Page(one.report(Compared.read("new", RunFolder(tmp_path / "new")), Speech()))
    assert page.open == []
    assert "There are no curves yet." in page.said
    assert "Nothing is kept of this run yet." in page.said


def test_pictures_that_are_damaged_are_said_in_their_place(tmp_path: Path) -> None:
    session = start(replace(RunConfig(), TINY), tmp_path / "bad", tmp_path)
    train(session, steps=5)
    folder = RunFolder(tmp_path / "bad")
    for file in folder.states().values():
        file.write_bytes(b"nothing")
    page = Page(one.report(Compared.read("bad", folder), Speech()))
    assert page.open == []
    assert page.pictures == []


def test_the_command_line_makes_both(runs: list[Compared], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(run.folder.path) for run in runs]
    assert cli.main(["report", paths[0], "-o", str(tmp_path / "one.html")]) == 0
    assert cli.main(["report", *paths, "-o", str(tmp_path / "both.html")]) == 0
    assert "A comparison of 2 runs" in (tmp_path / "both.html").read_text(encoding="utf-8")
    assert cli.main(["report", str(tmp_path), "-o", str(tmp_path / "x.html")]) == 2
    assert cli.main(["report", paths[0], "-o", str(tmp_path / "no" / "x.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
