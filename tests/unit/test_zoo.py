"""The zoo: everything that is registered has its story, its papers, its code, its formulas and settings for the lab."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core import config as settings
from gan_core import plugins, presets, registry, sharing, zoo
from gan_core.config import RunConfig
from gan_core.registry import Entry, Story
from gan_core.sharing import Share
from gan_core.text import is_marked
from gan_core.zoo import exhibits, papers, tex, timeline
from gan_core.zoo.exhibits import Exhibit
from gan_core.zoo.sources import _source
from gan_core.zoo.wordings import WORDS
from pages._ui.theme import GENERATED, REAL

ROOT = Path(__file__).resolve().parents[2]
EVERY = zoo.all_of()
FORMULAS = sorted({tex.split(line)[0] for one in EVERY for line in one.formula.split("\n")} - {""})


def address(one: Exhibit) -> str:
    return one.address


def test_all_kinds_are_there_once() -> None:
    assert len({one.address for one in EVERY}) == len(EVERY)
    assert {one.kind for one in EVERY} == set(zoo.KINDS)
    for kind in ("loss", "penalty", "network", "method", "trick", "optimizer", "metric"):
        assert [one.name for one in zoo.all_of(kind)] == list(zoo.KINDS[kind].registered)
    shown = {e.name for e in registry.preset.entries() if e.paper}
    assert {one.name for one in zoo.all_of("recipe")} == shown


@pytest.mark.parametrize("one", EVERY, ids=address)
def test_everything_tells_its_story(one: Exhibit) -> None:
    """A newcomer says `story=Story(fixed=…, use=…, fails=…)` where it is registered; a recipe has said what it fixed as `changed`."""
    assert one.story is not None
    for text in (one.fixed, one.story.use, one.story.fails):
        assert text.endswith((".", ")", "?")), text
        assert is_marked(text)
    assert one.sentence.endswith((".", "!", "?"))
    assert {*one.story.builds} <= {other.address for other in EVERY} - {one.address}
    assert all(setting.name for setting in map(settings.field, one.story.settings))
    assert not one.story.base or one.story.base in registry.preset


@pytest.mark.parametrize("one", EVERY, ids=address)
def test_everything_says_where_it_comes_from(one: Exhibit) -> None:
    if not one.papers:
        assert one.story is not None
        assert is_marked(one.story.source)
        assert one.year is None
    for paper in one.papers:
        assert re.fullmatch(r"[A-Z].* (19|20)\d\d( \(.+\))?", paper.said), paper.said
        assert paper.url.startswith("https://"), one.entry.paper
        assert one.year == one.papers[0].year
        if paper.label.startswith(
            "arXiv:"
        ):  # published no earlier than in the year before it appeared there, and within three years of it
            assert paper.year is not None
            assert -1 <= paper.year - (2000 + int(paper.label[6:8])) <= 3


def test_papers_are_taken_apart() -> None:
    found = papers.papers(
        "Lin et al. 2018 (PacGAN), arXiv:1712.04086; Wang et al. 2004, doi:10.1109/TIP.2003.819861; Rabin 2011, https://hal.science/x; Me 2020"
    )
    assert [paper.year for paper in found] == [2018, 2004, 2011, 2020]
    assert [paper.said for paper in found] == ["Lin et al. 2018 (PacGAN)", "Wang et al. 2004", "Rabin 2011", "Me 2020"]
    assert [paper.url for paper in found] == [
        "https://arxiv.org/abs/1712.04086",
        "https://doi.org/10.1109/TIP.2003.819861",
        "https://hal.science/x",
        "",
    ]
    assert papers.papers("") == []


@pytest.mark.parametrize("one", EVERY, ids=address)
def test_its_code_is_that_of_this_project(one: Exhibit) -> None:
    found = zoo.sources(one)
    assert found
    for source in found:
        lines = (ROOT / source.file).read_text(encoding="utf-8").splitlines()
        if one.kind == "recipe":
            assert f'"{one.name}"' in "\n".join(lines)
            assert eval(source.text) == dict(one.entry.value)  # it is a dictionary of settings
            continue
        assert re.match(r"(@\w|def |class )", source.text)
        assert lines[source.line - 1].strip() == source.text.splitlines()[0]
        assert "story=" not in source.text
    if callable(one.entry.value) and hasattr(one.entry.value, "__name__"):
        assert re.search(rf"(def|class) {one.entry.value.__name__}\b", found[0].text)


def test_a_source_that_cannot_be_read_is_left_out() -> None:
    assert _source(len) is None
    assert zoo.sources(Exhibit("loss", Entry("x", object(), "X", "x.", "", {}))) == []


@pytest.mark.parametrize("one", EVERY, ids=address)
def test_it_opens_in_the_lab_with_itself_set(one: Exhibit) -> None:
    config = zoo.lab(one)
    assert config is not None
    shared = sharing.from_query(sharing.to_query(config, Share()))
    assert (shared.config, shared.problems) == (config, [])
    info = one.entry.info
    match one.kind:
        case "loss" | "penalty" | "method":
            assert getattr(config, one.kind) == one.name
        case "network":
            assert one.name in (config.generator.network, config.discriminator.network)
            assert config.kind in info["kinds"]
        case "recipe":
            assert config == presets.load(one.name)
        case "trick":
            assert settings.get(config, info["setting"]) == info["value"]
            assert info["on"](config)
            shown_if = settings.field(info["setting"]).spec.shown_if
            assert shown_if is None or shown_if(config), "the lab shows its control"
        case "optimizer":
            assert (config.g_optimizer.name, config.d_optimizer.name) == (one.name, one.name)
        case "metric":
            assert config.kind == info["kind"]


def test_tricks_can_be_off() -> None:
    plain = settings.replace(RunConfig(), {"ema_half_life": 0})
    assert [e.name for e in registry.trick.entries() if e.info["on"](plain)] == []


def test_what_cannot_be_opened_says_so() -> None:
    entry = Entry("nobody", object(), "Nobody", "x.", "", {"targets": True}, story=Story(settings={"k_d": 99}))
    assert zoo.lab(Exhibit("loss", entry)) is None


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_BACK = [
    (r"\\tfrac\{1\}\{2\}", "½"), (r"\\mathbb\{E\}", "E"), (r"\\mathcal\{N\}", "N"), (r"\\hat\{(\w)\}", "\\1\u0302"), (r"\\bar\{(\w)\}", "\\1\u0304"),
    (r"\\operatorname\{(\w+)\}", r"\1"), (r"\^\{1/2\}", "^½"), (r"_\{\\text\{(\w+)\}\}", r"_\1"), (r"\\text\{([^}]*)\}", r"\1"), (r"\\(log|max|min|exp|cos) ", r"\1"),
]  # fmt: skip
_SIGNS = {
    "cdot": "·", "times": "×", "Vert": "‖", "nabla": "∇", "surd": "√", "leftarrow": "←", "sim": "~", "in": "∈", "le": "≤", "int": "∫", "sum": "Σ", "Sigma": "Σ", "dots": "…",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "varepsilon": "ε", "iota": "ι", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "varphi": "φ", "psi": "ψ",
    "quad": "", "#": "#", "%": "%", "{": "\ue000", "}": "\ue001",
}  # fmt: skip
_RAISED, _LOWERED = (
    dict(zip("0123456789-Tt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵗ", strict=True)),
    dict(zip("0123456789kijt", "₀₁₂₃₄₅₆₇₈₉ₖᵢⱼₜ", strict=True)),
)


def read_back(written: str, original: str) -> str:
    """TeX as the plain Unicode that it came from, by rules of its own; without spaces."""
    for pattern, plain in _BACK:
        written = re.sub(pattern, plain, written)
    written = re.sub(r"\\ ", "", written)
    written = re.sub(r"\\([a-zA-Z]+|[#%{}])", lambda m: _SIGNS[m.group(1)], written)
    written = re.sub(r"\^\{([^}]*)\}", lambda m: "".join(_RAISED.get(c, c) for c in m.group(1)), written)

    def lowered(m: re.Match[str]) -> str:
        small = "".join(_LOWERED.get(c, c) for c in m.group(1))
        return "_" + m.group(1) if "_" + m.group(1) in original else small

    written = re.sub(r"_\{([^}]*)\}", lowered, written)
    return written.replace("\ue000", "{").replace("\ue001", "}").replace("'", "′").replace(" ", "")


@pytest.mark.parametrize("formula", FORMULAS)
def test_tex_says_what_the_docstring_says(formula: str) -> None:
    written = tex.tex(formula)
    assert written is not None
    assert read_back(written, formula).replace("-", "−") == re.sub(r"\s", "", formula)
    assert written.count("{") == written.count("}")


def test_formula_and_words_are_told_apart() -> None:
    assert tex.split("E|x − y|, values from 0 to 1") == ("E|x − y|", "values from 0 to 1")
    assert tex.split("W ← W / σ₁(W) in every linear and convolutional layer") == (
        "W ← W / σ₁(W)",
        "in every linear and convolutional layer",
    )
    assert tex.split("Convolutions of stride 2 (D); no pooling") == ("", "Convolutions of stride 2 (D); no pooling")
    assert tex.split("(B, C) -> (B, C + 1): one channel more")[0] == ""
    assert tex.split("") == ("", "")
    assert tex.tex("x ⊕ y") is None
    assert tex.tex("0.5^(b / h)") == r"0.5^{(b\ /\ h)}"
    assert tex.tex("½ KL(p ‖ m)") == r"\tfrac{1}{2}\ \operatorname{KL}(p\ \Vert \ m)"
    assert tex.tex("0.5^(b / h") is None


def test_words_behind_formulas_can_be_translated() -> None:
    shown = {words for one in EVERY for formula, words in map(tex.split, one.formula.split("\n")) if formula and words}
    assert set(WORDS) == shown


def test_losses_and_penalties_are_shown_as_formulas_without_rest() -> None:
    for one in [*zoo.all_of("loss"), *zoo.all_of("penalty")]:
        split = [tex.split(line) for line in one.formula.split("\n") if line]
        assert split or one.name == "none"
        assert all(formula and not words for formula, words in split)
    assert found("method.cyclegan").formula.startswith("λ · (E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁)")
    assert (
        tex.split(found("metric.recall").formula)[0] == "1/M Σᵢ [minⱼ ‖xᵢ − yⱼ‖ / r₃(yⱼ) ≤ 1]"
    )  # one of several of a docstring
    assert found("method.gan").formula.split("\n")[:2] == found("loss.minimax").formula.split("\n")


def test_what_has_a_formula_shows_it() -> None:
    """What has none: nothing, a way in which layers are put together, or who takes how many steps."""
    without = {one.address for one in zoo.all_of() if not any(tex.split(line)[0] for line in one.formula.split("\n"))}
    assert without == {
        "penalty.none", "network.dcgan", "network.unet", "network.patches", "trick.label_flips", "trick.class_beside", "trick.class_guessed",
        "trick.picture_history", "trick.two_time_scales", "trick.discriminator_steps",
    }  # fmt: skip


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "loss",
        "loss.",
        ".wasserstein",
        "loss.Wasserstein",
        "loss.nothing",
        "dataset.ring",
        "recipe.ring",
        "../x",
        "a" * 10_000,
        "\x00",
    ],
)
def test_unknown_addresses_are_nothing(bad: str) -> None:
    assert zoo.find(bad) is None


def test_one_after_the_other() -> None:
    for one, following in itertools.pairwise(EVERY):
        assert zoo.neighbours(one)[1] == following
        assert zoo.neighbours(following)[0] == one
    assert zoo.neighbours(EVERY[0])[0] is None
    assert zoo.neighbours(EVERY[-1])[1] is None


def test_search() -> None:
    assert {one.address for one in zoo.matching("miyato spectral", ["trick"])} >= {"trick.spectral_norm"}
    assert zoo.matching("kynkaanniemi", []) == [
        one for one in EVERY if "Kynkäänniemi" in one.entry.paper or "Kynkäänniemi" in one.story.fails
    ]
    assert {one.kind for one in zoo.matching("", ["loss", "penalty"])} == {"loss", "penalty"}
    assert zoo.matching("", []) == EVERY
    assert zoo.matching("nothing of this name", []) == []
    assert [
        one.address
        for one in zoo.matching("梯度", ["penalty"], lambda text: "梯度惩罚" if text == "Weight clipping" else text)
    ] == ["penalty.weight_clipping"]


def test_relations() -> None:
    related = zoo.related(found("loss.wasserstein"))
    assert {"penalty.weight_clipping", "penalty.wgan_gp"} <= {one.address for one in related.built_on}
    assert {"recipe.wgan_clip", "recipe.wgan_gp"} <= {one.address for one in related.recipes}
    assert [one.address for one in related.builds] == ["loss.minimax"]
    assert "trick.discriminator_steps" in {one.address for one in related.same_paper}
    parts = {one.address for one in zoo.related(found("recipe.sagan")).parts}
    assert {
        "loss.hinge",
        "trick.attention",
        "trick.spectral_norm",
        "trick.spectral_norm_g",
        "network.dcgan",
        "trick.two_time_scales",
    } <= parts
    assert "trick.ada" not in parts
    assert not {address for address in exhibits.parts(found("recipe.vae")) if address.startswith(("loss.", "penalty."))}
    for one in EVERY:
        groups = vars(zoo.related(one)).values()
        listed = [other.address for group in groups for other in group]
        assert len(set(listed)) == len(listed)
        assert one.address not in listed
    assert zoo.address_of(registry.loss, "hinge") == "loss.hinge"
    assert zoo.address_of(registry.dataset, "ring") is None


def found(address: str) -> Exhibit:
    one = zoo.find(address)
    assert one is not None
    return one


# ── timeline ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_timeline_has_each_mark_at_a_place_of_its_own() -> None:
    figure = timeline.chart(EVERY, str, lambda one: one.address)
    dated = [one for one in EVERY if one.year and timeline.FIRST <= one.year <= timeline.LAST]
    marks = [
        (address, x, y)
        for trace in figure.data
        for address, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    ]
    assert sorted(address for address, _x, _y in marks) == sorted(one.address for one in dated)
    assert len({(x, y) for _address, x, y in marks}) == len(marks)
    assert all(round(x) == found(address).year for address, x, _y in marks)
    colours = {trace.marker.color for trace in figure.data}
    assert len(colours) == len({trace.marker.symbol for trace in figure.data}) == len(figure.data)
    assert not colours & {*REAL.values(), *GENERATED.values()}
    years = timeline.by_year(EVERY)
    assert list(years) == sorted(years)
    assert sum(map(len, years.values())) == len([one for one in EVERY if one.year])


# ── plugins ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def of_a_plugin() -> Iterator[Exhibit]:
    file = ROOT / "examples" / "plugins" / "my_loss.py"
    entry = plugins.load(file)[0]
    yield Exhibit("loss", entry)
    plugins._forget(str(file.resolve()))


def test_a_plugin_shows_what_it_has(of_a_plugin: Exhibit) -> None:
    one = found(of_a_plugin.address)
    assert one.story is None or not one.story.fails
    assert zoo.lab(one) is not None
    assert zoo.sources(one)[0].file.endswith("my_loss.py")
    assert one in zoo.matching(one.name.replace("_", " "), ["loss"])
    zoo.related(one)
    assert one.address in {other.address for other in zoo.all_of()}
