"""Rules of the house, read from the sources and from the registries."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gan_core.diagnosis.signs  # noqa: F401  (it registers the conditions)
import gan_core.presets
import gan_core.tricks  # noqa: F401  (and the tricks)
from gan_core import formulas, registry
from gan_core.config import GROUPS, fields
from gan_core.penalties import PLACES
from gan_core.registry import Entry, Registry

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "gan_core").rglob("*.py"))
SOURCES = [
    *CORE,
    *sorted((ROOT / "pages").rglob("*.py")),
    ROOT / "app.py",
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]
REGISTRIES: list[Registry[object]] = [value for value in vars(registry).values() if isinstance(value, Registry)]
ENTRIES = [(r, e) for r in REGISTRIES for e in r.entries()]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a file, walked through once for all rules."""
    return tuple(ast.walk(tree(path)))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_the_core_does_not_know_the_browser() -> None:
    browsers = {"streamlit", "starlette", "uvicorn", "pages", "tornado"}
    assert [
        f"{name(path)}: {module}" for path in CORE for module in imported(path) if module.split(".")[0] in browsers
    ] == []


def test_the_core_does_not_load_the_browser() -> None:
    """Nor plotly, which its reports draw with: that is imported by what draws, when it draws."""
    modules = ", ".join(
        "gan_core." + ".".join(p.relative_to(ROOT / "gan_core").with_suffix("").parts)
        for p in CORE
        if p.stem != "__init__"
    )
    code = f"import sys, {modules}; print(sorted({{m.split('.')[0] for m in sys.modules}} & {{'streamlit', 'starlette', 'plotly'}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stdout.strip() == "[]"


def _text_mode(call: ast.Call) -> bool:
    modes = [a.value for a in [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
             if isinstance(a, ast.Constant) and isinstance(a.value, str)]  # fmt: skip
    return not any("b" in mode and len(mode) <= 3 for mode in modes)


def _forgets_encoding(call: ast.Call) -> bool:
    called = (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )
    if any(k.arg in ("encoding", None) for k in call.keywords):
        return False
    if called in ("read_text", "write_text"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        return not (isinstance(owner, ast.Name) and owner.id in ("atomic", "resources"))
    if called in ("open", "fdopen"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id in (
            "Image",
            "os",
            "webbrowser",
            "gzip",
            "tarfile",
            "zipfile",
            "urllib",
        ):
            return False
        return _text_mode(call)
    return False


def test_files_are_utf8() -> None:
    calls = [(path, node) for path in SOURCES for node in nodes(path) if isinstance(node, ast.Call)]
    assert [f"{name(path)}:{call.lineno}" for path, call in calls if _forgets_encoding(call)] == []


def test_no_bare_except_and_nobody_draws_from_the_global_generator() -> None:
    handlers = [(path, node) for path in SOURCES for node in nodes(path) if isinstance(node, ast.ExceptHandler)]
    assert [f"{name(path)}:{handler.lineno}" for path, handler in handlers if handler.type is None] == []
    for path in SOURCES:
        if "gan_core" in path.parts:
            text = path.read_text(encoding="utf-8")
            own = text.replace("Generator().manual_seed(", "").replace("[purpose].manual_seed(", "")
            assert "manual_seed(" not in own, name(path)


def test_every_module_says_what_it_is() -> None:
    modules = [path for path in SOURCES if path.stem != "__init__" or path.stat().st_size]
    assert [name(path) for path in modules if not ast.get_docstring(tree(path))] == []


# ── registries ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_registry_is_empty() -> None:
    assert len(REGISTRIES) == 10
    assert all(len(r) for r in REGISTRIES)


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=lambda x: x.name if isinstance(x, Entry) else x.kind)
def test_every_entry_is_explained(kind: Registry[object], entry: Entry[object]) -> None:
    assert entry.title
    assert entry.help.endswith((".", "!", "?")) or (kind is registry.trick and not entry.help), "its setting says it"
    assert entry.name.isidentifier()
    assert entry.name == entry.name.lower()
    if kind is not registry.preset:
        assert len(entry.formula) > 10, "its docstring gives the formula or says what it is"
    assert kind[entry.name] is entry


def test_losses_penalties_and_networks_name_their_source() -> None:
    unnamed = [e.name for r in (registry.loss, registry.penalty, registry.network) for e in r.entries() if not e.paper]
    assert unnamed == []


def test_what_the_kinds_need_to_know() -> None:
    for e in registry.loss.entries():
        assert {"needs_real", "targets", "output"} <= e.info.keys()
        assert [line.partition(" = ")[0] for line in formulas.of_entry("loss", e.name).splitlines()] == ["L_D", "L_G"]
        assert e.info["output"] in ("probability", "target", "critic")
    for e in registry.penalty.entries():
        assert e.info["at"] in (None, "real", "fake", "both", *PLACES)
        assert 0 <= e.info["low"] <= e.info["weight"] <= e.info["high"]
        shown = formulas.of_entry("penalty", e.name)
        assert bool(shown) == (e.name != "none")
        assert e.info["symbol"] in shown
    for e in registry.dataset.entries():
        assert e.info["kind"] in ("points", "images", "pairs")
        assert e.info["kind"] == "points" or {"sizes", "channels", "licence"} <= e.info.keys()
    names = {f.name.split(".")[1] for f in fields() if f.name.startswith(("generator.", "discriminator."))}
    for e in registry.network.entries():
        assert set(e.info["uses"]) <= names - {"network", "conditioning"}
    for e in registry.optimizer.entries():
        assert set(e.info["uses"]) <= {"beta1", "beta2", "momentum"}
        assert "p ← p − lr" in formulas.of_entry("optimizer", e.name)
    for e in registry.metric.entries():
        assert e.info["better"] in ("higher", "lower")
        assert e.info.get("written", "number") in ("number", "count", "percent")


def test_a_name_is_taken_once() -> None:
    for r in REGISTRIES:
        first = next(iter(r))
        with pytest.raises(ValueError, match="twice"):
            r(first, title="x", help="x.")(object())


@pytest.mark.parametrize("preset", list(registry.preset))
def test_presets_are_valid_and_on_a_page(preset: str) -> None:
    config = gan_core.presets.load(preset)
    entry = registry.preset[preset]
    page = entry.info["page"]
    assert page in {"points": ("lab", "compare"), "images": ("images",), "pairs": ("translate",)}[config.kind]
    assert (page == "compare") is ("versions" in entry.info)


def test_the_required_names_are_there() -> None:
    assert {"minimax", "non_saturating", "least_squares", "wasserstein", "hinge", "relativistic"} <= set(registry.loss)
    assert {"none", "weight_clipping", "wgan_gp", "r1", "r2", "r1_r2"} <= set(registry.penalty)
    assert {"mlp", "dcgan"} <= set(registry.network)
    assert {"sgd", "rmsprop", "adam"} <= set(registry.optimizer)
    assert {"ring", "grid", "moons", "digits", "mnist"} <= set(registry.preset)
    assert {"ring", "grid", "moons", "spiral", "swiss_roll", "line", "two_gaussians", "three_blobs", "checkerboard", "pinwheel",
            "digits", "mnist", "fashion_mnist", "kmnist", "cifar10"} <= set(registry.dataset)  # fmt: skip


def test_groups_cover_all_settings() -> None:
    assert {item.spec.group for item in fields()} == set(GROUPS)


def test_words_are_not_used_twice() -> None:
    titles = [(item.spec.group, item.spec.title) for item in fields()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    "name", [e.name for e in registry.preset.entries() if e.info["goal"] in gan_core.presets.GOALS]
)
def test_every_preset_has_a_picture_for_its_card(name: str) -> None:
    assert (ROOT / "pages" / "_ui" / "pictures" / f"{name}.webp").is_file(), "python -m benchmarks.pictures makes them"
