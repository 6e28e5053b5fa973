"""Comparing runs: which are one entry, their lines, their spread, what differs, and whether it is luck."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from scipy import stats

from gan_core.comparison import album, differing, figures, lines, luck, telling
from gan_core.comparison.entries import MOST, Compared, entries, read_all
from gan_core.config import RunConfig, replace
from gan_core.errors import ConfigError, RunError
from gan_core.generate import load
from gan_core.players import draw_latents
from gan_core.runs import facts, frames
from gan_core.runs.curves import Curves
from gan_core.runs.folder import RunFolder
from gan_core.runs.headless import start, train
from gan_core.speech import Speech

TINY: dict[str, Any] = {
    "data.name": "ring", "latent.dim": 2, "generator.hidden": (8, 8), "discriminator.hidden": (8, 8), "batch_size": 16, "threads": 1,
}  # fmt: skip


def run(
    tmp_path: Path,
    name: str,
    rows: dict[int, dict[str, float]] | None = None,
    journal: tuple[dict[str, Any], ...] = (),
    **changes: Any,
) -> Compared:
    """A run with such curves; a change of a setting is a keyword with __ for the dot."""
    config = replace(RunConfig(), TINY | {key.replace("__", "."): value for key, value in changes.items()})
    folder = RunFolder(tmp_path / name)
    folder.create(config, facts.of_new(name, "me", config) | {"step": max(rows or {0: {}})})
    curves = Curves(frames.KEPT_NAMES)
    for step, row in (rows or {}).items():
        curves.append(step, {"images": 16.0 * step, "seconds": step / 10} | row)
    folder.curves.rewrite(curves)
    for entry in journal:
        folder.append_journal(entry)
    return Compared.read(name, folder, name)


def test_runs_that_differ_in_their_seed_alone_are_one_entry(tmp_path: Path) -> None:
    told = {"step": 3, "do": "change", "changes": {"k_d": [1, 2]}}
    runs = [
        run(tmp_path, "a", seed=1), run(tmp_path, "b", seed=1, penalty="none"), run(tmp_path, "c", seed=2), run(tmp_path, "d", seed=3, engine="eager"),
        run(tmp_path, "e", seed=4, journal=(told,)), run(tmp_path, "f", seed=1), run(tmp_path, "g", seed=5, speed=30),
    ]  # fmt: skip
    found = entries(runs)
    assert [(e.letter, [r.id for r in e.runs]) for e in found] == [
        ("A", ["a", "c", "d", "g"]),
        ("B", ["b"]),
        ("C", ["e"]),
        ("D", ["f"]),
    ]
    assert found[0].seeds == [1, 2, 3, 5]


def test_entries_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    other: dict[str, Any] = {
        "latent__dim": 3,
        "generator__hidden": (4, 4),
        "discriminator__hidden": (4, 4),
        "batch_size": 32,
        "loss": "hinge",
    }
    found = entries([run(tmp_path, "a"), run(tmp_path, "b", **other), run(tmp_path, "c", label_flip=0.1, **other | {"loss": "minimax"}),
                     run(tmp_path, "d", label_flip=0.2, **other)])  # fmt: skip
    names = [telling.name(Speech(), found, entry) for entry in found]
    assert len(set(names)) == 4
    assert all(len(name.split(" · ")) <= telling.NAMED for name in names)
    assert all("Label flips" in name for name in names)


def test_no_more_than_eight_and_of_one_kind(tmp_path: Path) -> None:
    many = [run(tmp_path, f"r{i}", batch_size=16 + i) for i in range(10)]
    assert len(entries(many)) == MOST == 8
    pictures = run(tmp_path, "p", **{"data__name": "digits", "data__image_size": 8})
    with pytest.raises(ConfigError, match="one kind"):
        entries([many[0], pictures])


def test_a_folder_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    good = run(tmp_path, "good")
    (tmp_path / "bad").mkdir()
    found, problems = read_all(
        [("good", good.folder, "", ""), ("bad", RunFolder(tmp_path / "bad"), "", ""), ("good", good.folder, "", "")]
    )
    assert [one.id for one in found] == ["good"]
    assert len(problems) == 1


def test_lines_over_steps_samples_and_time(tmp_path: Path) -> None:
    one = run(tmp_path, "a", {10: {"g_loss": 1.0}, 20: {}, 30: {"g_loss": 3.0}})
    assert lines.line(one, "swd") is None
    for axis, x in (("step", [10, 30]), ("images", [160, 480]), ("seconds", [1, 3])):
        found = lines.line(one, "g_loss", axis)
        assert found is not None
        assert found.x == pytest.approx(x)
        assert found.mean.tolist() == [1, 3]
    assert lines.at_steps(one, [0, 10, 25], "seconds") == pytest.approx([0, 1, 2.5])


def test_without_what_earlier_versions_did_not_keep_there_is_the_step_alone(tmp_path: Path) -> None:
    old = run(tmp_path, "a", {10: {"g_loss": 1.0, "images": math.nan, "seconds": math.nan}})
    assert lines.has_axis([old], "step")
    assert not lines.has_axis([old], "seconds")
    assert lines.line(old, "g_loss", "images") is None


def test_smoothing_is_the_formula_of_its_docstring() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 50, 40))
    y = rng.normal(size=40)
    h = 0.1 * (x[-1] - x[0])
    expected = [
        (2 ** (-(x[i] - x[: i + 1]) / h) * y[: i + 1]).sum() / (2 ** (-(x[i] - x[: i + 1]) / h)).sum()
        for i in range(40)
    ]
    found = lines.smoothed(lines.Line(x, y, y, y), 0.1)
    assert found.mean == pytest.approx(np.array(expected))
    assert lines.smoothed(lines.Line(x, y, y, y), 0.0).mean is y


def test_the_spread_over_seeds_is_mean_and_standard_deviation_where_all_have_values() -> None:
    a = lines.Line(*(np.array([0.0, 10.0]),) * 2, *(np.zeros(2),) * 2)
    b = lines.Line(np.array([5.0, 20.0]), np.array([0.0, 0.0]), np.zeros(2), np.zeros(2))
    both = lines.spread([a, b])
    assert both is not None
    assert (both.x[0], both.x[-1]) == (5.0, 10.0)
    assert both.mean == pytest.approx(both.x / 2)
    assert both.high - both.mean == pytest.approx(both.x / math.sqrt(2))  # of two values, x and 0, with n − 1 = 1 below
    assert lines.spread([a]) is None
    assert lines.spread([a, lines.Line(*(np.array([30.0, 40.0]),) * 4)]) is None


@pytest.mark.parametrize("comparisons", [1, 3])
def test_the_interval_is_welchs(comparisons: int) -> None:
    a, b = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9], [27.1, 22.0, 20.8, 23.4]
    found = luck.difference(a, b, comparisons)
    expected = stats.ttest_ind(b, a, equal_var=False).confidence_interval(1 - 0.05 / comparisons)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(np.mean(b) - np.mean(a))
    assert not found.beyond
    assert luck.difference(a, [value + 30 for value in b]).beyond


def test_one_seed_says_nothing_and_no_spread_at_all_says_everything() -> None:
    assert not luck.difference([1.0], [2.0, 3.0]).known
    assert luck.difference([1.0, 1.0], [2.0, 2.0]).beyond
    assert not luck.difference([1.0, 1.0], [1.0, 1.0]).beyond


def test_the_false_alarms_of_equal_entries_are_as_rare_as_said() -> None:
    rng = np.random.default_rng(1)
    beyond = sum(luck.difference(rng.normal(size=4).tolist(), rng.normal(size=4).tolist()).beyond for _ in range(2000))
    assert 0.02 < beyond / 2000 < 0.07  # Welch's test at 5 % with four seeds each


def test_entries_are_judged_where_all_have_come_to(tmp_path: Path) -> None:
    rows = {1: (0.5, 0.4), 2: (0.52, 0.42), 3: (0.48, 0.38)}
    runs = [run(tmp_path, f"a{s}", {10: {"swd": 1.0}, 20: {"swd": v[0]}}, seed=s) for s, v in rows.items()]
    runs += [
        run(tmp_path, f"b{s}", {10: {"swd": 1.0}, 20: {"swd": v[1]}, 40: {"swd": 0.0}}, seed=s, penalty="none")
        for s, v in rows.items()
    ]
    found = luck.verdict(entries(runs), "swd")
    assert found is not None
    assert found.place == 20
    assert found.best.letter == "B"
    ((other, difference),) = found.others
    assert (other.letter, difference.value, difference.beyond) == ("A", pytest.approx(0.1), True)
    assert found.values["A"].deviation == pytest.approx(0.02)
    assert luck.judged(entries(runs)) == ["swd"]
    assert luck.samples_used(runs[0].config, "swd") == 10_000
    assert luck.is_higher_better("quality")
    assert luck.is_higher_better("coverage")
    assert not luck.is_higher_better("swd")
    alone = luck.verdict(entries(runs[:3]), "swd")  # one entry has nothing to be compared with, but a spread
    assert alone is not None
    assert (alone.others, alone.values["A"].deviation) == ((), pytest.approx(0.02))
    assert luck.verdict(entries(runs[:1]), "swd") is None


def test_what_reads_alike_is_equally_good(tmp_path: Path) -> None:
    reached = {"none": (0.5, 0.99), "r1": (0.5000001, 0.9), "r2": (0.6, 0.5)}
    runs = [run(tmp_path, p, {9: {"swd": swd, "quality": q}}, penalty=p) for p, (swd, q) in reached.items()]
    rows = telling.table(Speech(), entries(runs), ["swd", "quality"], "step")
    assert [cells for _title, cells in rows] == [
        [("0.5", True), ("0.5", True), ("0.6", False)],
        [("99.0%", True), ("90.0%", False), ("50.0%", False)],
    ]


def test_only_what_differs_is_listed_with_what_was_changed(tmp_path: Path) -> None:
    told = {"step": 30, "do": "change", "changes": {"k_d": [1, 2], "speed": [0, 10]}}
    found = entries([run(tmp_path, "a", seed=1), run(tmp_path, "b", seed=2, penalty="none", journal=(told,))])
    courses = {field.name: values for field, values in differing.differing(found)}
    assert courses["penalty"] == [("r1_r2", ()), ("none", ())]
    assert courses["k_d"] == [(1, ()), (1, ((30, 2),))]
    assert courses["penalty_weight"][1].start is None  # it means nothing without a penalty
    assert "seed" not in courses
    assert "batch_size" not in courses


def test_charts_have_a_line_an_entry_and_a_band_over_seeds(tmp_path: Path) -> None:
    runs = [run(tmp_path, f"a{s}", {10: {"swd": 1.0 + s}, 20: {"swd": 0.5}}, seed=s) for s in (1, 2)]
    found = entries([*runs, run(tmp_path, "b", {10: {"swd": 2.0}}, penalty="none")])
    assert figures.known_curves(found) == ["swd"]
    chart = figures.curve_chart(found, "swd", "step", 0.0, str)
    assert chart is not None
    assert [trace.name for trace in chart.data if trace.showlegend] == ["A", "B"]
    assert len([trace for trace in chart.data if trace.fill]) == 1
    assert len(figures.traces(found, "swd", "step", 0.0, spread=False)) == 3
    assert figures.curve_chart(found, "fd", "step", 0.0, str) is None


def test_the_same_latents_go_through_all_generators(tmp_path: Path) -> None:
    config = replace(RunConfig(), TINY | {"seed": 3, "engine": "eager"})
    names = []
    for name, seed in (("a", 3), ("b", 4)):
        session = start(replace(config, {"seed": seed}), tmp_path / name, tmp_path)
        train(session, steps=5)
        names.append(Compared.read(name, RunFolder(tmp_path / name)))
    assert not album.has_own_latents_in_common(names)
    assert album.has_own_latents_in_common([names[0], names[0]])
    assert album.has_latents_in_common(names)
    book = album.Album()
    rooms = [book._room(one.folder) for one in names]
    drawn = [
        room.drawn(album.moments(one, 7)[-1], lambda players: album.inputs(players, 7))
        for room, one in zip(rooms, names, strict=True)
    ]
    for one, seen in zip(names, drawn, strict=True):  # what each generator makes of latents drawn by themselves
        saved = load(one.folder, "cpu")
        z = draw_latents(album.POINTS, 2, "gaussian", torch.Generator().manual_seed(7))
        with torch.no_grad():
            expected = saved.module(z) * saved.scale
        assert torch.from_numpy(seen.arrays["fake"]).allclose(expected, atol=1e-5)
    step = album.moments(names[0], album.OWN)[-1]
    assert book.picture(names[0].folder, step, album.OWN, 64)[8:12] == b"WEBP"
    with pytest.raises(RunError, match="Nothing is kept"):
        book.picture(names[0].folder, 4711, album.OWN, 64)
    with pytest.raises(RunError, match="Nothing is kept"):
        book.picture(names[0].folder, step, album.OWN, 64, "given")


def saved(tmp_path: Path, name: str, config: RunConfig) -> Compared:
    session = start(replace(config, {"engine": "eager"}), tmp_path / name, tmp_path)
    train(session, steps=2)
    return Compared.read(name, RunFolder(tmp_path / name))


def test_what_a_generator_is_told_besides_changes_no_latent(tmp_path: Path) -> None:
    plain = _tiny.pictures(seed=1)
    told = _tiny.pictures(seed=1, generator__conditioning="concat", discriminator__conditioning="concat")
    coded = _tiny.pictures(seed=1, latent__categories=5, latent__continuous=1)
    runs = [saved(tmp_path, name, config) for name, config in (("plain", plain), ("told", told), ("coded", coded))]
    assert not album.has_own_latents_in_common(runs)
    rooms = [album.Album()._room(run.folder) for run in runs]
    taken: list[torch.Tensor] = []

    def noted(players: Any) -> torch.Tensor:
        taken.append(album.inputs(players, 3))
        return taken[-1]

    for room, run in zip(rooms, runs, strict=True):
        room.drawn(album.moments(run, 3)[-1], noted)
    dim = plain.latent.dim
    count = min(map(len, taken))
    assert taken[0][:count, :dim].equal(taken[2][:count, :dim])
    assert taken[1].shape[1] == dim + 10
    assert taken[1][:10, dim:].argmax(1).tolist() == list(range(10))  # a class in each column
    assert taken[2][:5, dim : dim + 5].argmax(1).unique().numel() == 5
    for run in runs:
        assert album.Album().picture(run.folder, album.moments(run, 3)[-1], 3, 64)[8:12] == b"WEBP"


def test_translations_get_the_same_held_out_pictures(tmp_path: Path) -> None:
    runs = [saved(tmp_path, name, _tiny.pairs(seed=seed)) for name, seed in (("a", 1), ("b", 2))]
    steps = [album.moments(run, 1)[-1] for run in runs]
    given = [album.Album().picture(run.folder, step, 1, 64, "given") for run, step in zip(runs, steps, strict=True)]
    made = [album.Album().picture(run.folder, step, 1, 64) for run, step in zip(runs, steps, strict=True)]
    assert given[0] == given[1]
    assert made[0] != made[1]
