"""Figures of recipes: one file, which benchmarks write and the documentation's tables agree with."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from benchmarks import _figures, mixtures, recipes, translations
from gan_core import registry
from gan_core.zoo import figures

DOC = (Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return DOC.split(f"\n### {title}\n")[1].split("\n### ")[0]


@pytest.mark.parametrize(("benchmark", "title"), [("recipes", "Recipes"), ("translations", "Translations")])
def test_the_documentation_has_the_same_table(benchmark: str, title: str) -> None:
    written = [line for line in section(title).splitlines() if re.match(r"\| `\w+` \| \d", line)]
    assert written == _figures.markdown(benchmark)
    machine = figures.table(benchmark).machine
    assert f"torch {machine['torch']}" in section(title).replace("\n", " ")
    assert "two cores of an AMD EPYC, no GPU" in DOC
    assert (machine["processor"], machine["cores"], machine["gpu"]) == ("AMD EPYC", 2, None)


def test_the_mixtures_are_those_of_the_documentation() -> None:
    text = section("Mixtures of Gaussians in a minute")
    for name in ("grid", "ring"):
        part = text.split(f"| `{name}`: modes")[1]
        rows = [re.findall(r"[\d.]+", re.sub(r"\(.*?\)", "", line.split("|")[-2])) for line in part.splitlines()[:4]]
        seeds = figures.read()["mixtures"]["seeds"][name]
        assert list(seeds) == [str(seed) for seed in mixtures.SEEDS]
        columns = zip(*([float(cell) for cell in row] for row in rows), strict=True)
        for kept, (modes, quality, kl, seconds) in zip(seeds.values(), columns, strict=True):
            assert kept == {
                "modes": modes,
                "quality": pytest.approx(quality / 100),
                "reverse_kl": kl,
                "seconds": seconds,
            }


def test_every_figure_is_of_a_preset_and_of_a_metric() -> None:
    assert set(figures.table("recipes").rows) == set(recipes.names())
    assert set(figures.table("translations").rows) == set(translations.names())
    for benchmark, columns in figures.COLUMNS.items():
        table = figures.table(benchmark)
        assert {*table.rows} <= {*registry.preset}
        assert {*columns} <= {*registry.metric}
        for row in table.rows.values():
            assert row.seeds
            assert {*row.figures} - {*columns} <= {"steps", "seconds", "fd_floor", "pictures"}
    assert figures.of_preset("r3gan_cifar") is None
    assert figures.of_preset("vae") == ("recipes", figures.table("recipes").rows["vae"])


def test_mean_and_spread() -> None:
    values = [0.911, 0.926, 0.944, 0.957, 0.954]
    found = figures.table("mixtures").rows["grid"].figures["quality"]
    assert found == (pytest.approx(statistics.mean(values)), pytest.approx(statistics.stdev(values)))
    assert figures.figure([3.0]) == (3.0, None)


def test_a_benchmark_enters_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "FILE", tmp_path / "figures.json")
    before = {
        name: {"machine": {"processor": "P", "cores": 2, "gpu": None, "torch": "1"}, "seeds": {}}
        for name in figures.COLUMNS
    }
    figures.FILE.write_text(json.dumps(before), encoding="utf-8")
    monkeypatch.setattr(figures.read, "__defaults__", (figures.FILE,))
    machine: dict[str, Any] = {"processor": "P", "cores": 2, "gpu": None, "torch": "1", "python": "3", "memory_gb": 4}
    row = {"confident": 0.5, "min_class_share": 0.02, "fd": 30.0, "steps": 10, "seconds": 1.0, "status": "ended"}
    _figures.keep("recipes", {"gan": row, "machine": machine})
    built = machine | {"torch": "1+cu13"}  # the same version for another machine's GPU
    _figures.keep("recipes", {"gan": row | {"fd": 40.0, "seconds": 2.0}, "machine": built}, seed=1)
    kept = figures.read()["recipes"]["seeds"]["gan"]
    assert kept["0"]["fd"] == 30.0
    assert kept["1"] == {"confident": 0.5, "min_class_share": 0.02, "fd": 40.0, "steps": 10, "seconds": 2.0}
    figures.table.cache_clear()
    try:
        assert _figures.markdown("recipes") == ["| `gan` | 50 % ± 0 % | 2.0 % ± 0.0 % | 35.0 ± 7.1 | 10 | 1 |"]
    finally:
        figures.table.cache_clear()
    _figures.keep("recipes", {"gan": row, "machine": machine | {"cores": 3}})
    assert list(figures.read()["recipes"]["seeds"]["gan"]) == ["0"], "figures of two machines are not mixed"


def test_the_command_line_of_a_benchmark() -> None:
    assert _figures.arguments(["dcgan", "--keep", "--seed", "2", "vae"]) == (["dcgan", "vae"], True, 2)
    assert _figures.arguments([]) == ([], False, 0)
