"""A whole evaluation with injected features: counts, floors, spreads, names, what may be compared, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from _eyes import Corners, image_set, pictures
from torch import Tensor

from gan_core import metrics, registry
from gan_core.data.sets import ImageSet, to_unit
from gan_core.errors import ConfigError, DataError
from gan_core.metrics import features, images, inception, kernel, sliced
from gan_core.metrics.classes import shares_of
from gan_core.metrics.evaluation import Evaluation, Step
from gan_core.metrics.features import ChannelFeatures, Judges, get_judges
from gan_core.metrics.figures import halves
from gan_core.metrics.frechet import frechet_distance
from gan_core.metrics.measure import Measure, comparable, flat, from_flat
from gan_core.metrics.neighbours import neighbours
from gan_core.runs.headless import describe_evaluation

N = 300
PICTURES = [e.name for e in registry.metric.entries() if e.info["kind"] == "images" and e.name != "as_asked"]


@pytest.fixture(scope="module", autouse=True)
def few_subsets() -> Iterator[None]:
    """Enough to be a mean; test_metrics_kernel.py has all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "SUBSETS", 10)
        yield


@pytest.fixture(scope="module")
def large() -> ImageSet:
    """As many held-out pictures as make the reference alone."""
    return image_set(700, 1300)


def own(data: ImageSet) -> Tensor:
    assert data.labels is not None
    return shares_of(data.labels, 4)


def judges(data: ImageSet, eyes: Corners = Corners()) -> Judges:  # noqa: B008 - frozen
    return Judges(eyes, eyes, own(data))


def in_turn(samples: Tensor) -> Callable[[int], Tensor]:
    rows = iter(samples)
    return lambda k: torch.stack([next(rows) for _ in range(k)])


def evaluation(data: ImageSet, samples: Tensor, by: Judges | None = None) -> Evaluation:
    return Evaluation(in_turn(samples), len(samples), data, by or judges(data))


def done(data: ImageSet, samples: Tensor, by: Judges | None = None) -> dict[str, Measure]:
    found = evaluation(data, samples, by)
    for _ in found.steps():
        pass
    return {measure.name: measure for measure in found.measures}


@pytest.fixture(scope="module")
def measured(large: ImageSet) -> dict[str, Measure]:
    return done(large, samples())


def samples(n: int = N) -> Tensor:
    return to_unit(pictures(n, 7)) * 0.8


def test_every_registered_figure_is_there_and_has_its_counts(measured: dict[str, Measure]) -> None:
    assert set(measured) == {*PICTURES, "swd"}
    equal = {"precision", "recall", "density", "covered", "swd"}
    alone = {"score", "confident", "class_modes", "class_kl", "min_class_share"}
    for name, m in measured.items():
        assert math.isfinite(m.value)
        assert m.samples == N
        assert m.reference == (N if name in equal else 0 if name in alone else 1300)
        assert m.floor is not None
        assert m.spread is not None
        assert m.features_key == ("pixels" if name == "swd" else "corners")


def test_values_and_floors_are_those_of_the_plain_functions(large: ImageSet, measured: dict[str, Measure]) -> None:
    eyes = Corners()
    fake, real, train = (eyes.of(x) for x in (samples(), to_unit(large.test_images), to_unit(large.images[:N])))
    assert measured["fd"].value == pytest.approx(frechet_distance(fake, real), rel=1e-5)
    assert measured["fd"].floor == pytest.approx(frechet_distance(train, real), rel=1e-4)
    assert measured["swd"].value == pytest.approx(sliced.distance_to(samples(), large), rel=1e-5)
    assert measured["swd"].floor == pytest.approx(sliced.floor(large, N))
    order = torch.randperm(1300, generator=torch.Generator().manual_seed(0))[:N]
    found = neighbours(real[order], fake)
    assert measured["density"].value == pytest.approx(found.density, abs=1e-3)
    assert measured["recall"].value == pytest.approx(found.recall, abs=0.01)
    guesses = eyes.probabilities(fake).max(1)  # type: ignore[union-attr]
    assert measured["confident"].value == pytest.approx(float((guesses.values > 0.9).double().mean()))
    assert measured["min_class_share"].value == pytest.approx(float(torch.bincount(guesses.indices).min()) / N)


def test_the_spread_is_what_other_samples_would_make(large: ImageSet, measured: dict[str, Measure]) -> None:
    """Of a share its standard error is known; of the Fréchet distance it is found from other draws."""
    p = measured["confident"].value
    assert measured["confident"].spread == pytest.approx(math.sqrt(p * (1 - p) / N), rel=0.6)
    real = Corners().of(to_unit(large.test_images))
    others = [frechet_distance(Corners().of(to_unit(pictures(N, 50 + i)) * 0.8), real) for i in range(40)]
    assert measured["fd"].spread == pytest.approx(float(torch.tensor(others).std()), rel=0.7)


def test_random_halves() -> None:
    """σ² of the mean of halves without replacement is that of the mean of all."""
    found = halves(101)
    assert all(len(half) == 50 == len(half.unique()) for half in found)
    assert not torch.equal(found[0], found[1])
    assert all(torch.equal(a, b) for a, b in zip(found, halves(101), strict=True))


def test_few_real_pictures_are_all_the_reference() -> None:
    small = image_set(400, 101)
    found = evaluation(small, samples())
    steps = list(found.steps())
    assert found.found["fd_reference"] == 501
    assert (found.found["floor_samples"], found.found["floor_reference"]) == (251, 250)
    real = torch.cat([small.images, small.test_images])
    order = torch.randperm(501, generator=torch.Generator().manual_seed(0))
    eyes = Corners().of(to_unit(real))[order]
    assert found.found["fd_floor"] == pytest.approx(frechet_distance(eyes[::2], eyes[1::2]), rel=1e-4)
    assert steps[-1].done == steps[-1].total


def test_steps_move_forward_to_the_end(large: ImageSet) -> None:
    first = list(evaluation(large, samples(120)).steps())
    assert first[0].done == 0
    assert all(a.done <= b.done <= b.total == a.total for a, b in pairwise(first))
    assert first[-1] == Step(first[-1].total, first[-1].total, first[-1].what)
    assert all(step.what for step in first)


def test_real_pictures_are_looked_at_once(large: ImageSet) -> None:
    looked: list[int] = []

    class Counting(Corners):
        def of(self, images: Tensor) -> Tensor:
            looked.append(len(images))
            return super().of(images)

    eyes = Counting(key="counting")
    for count in (1300 + 2 * N, N):  # samples and floor; samples alone
        looked.clear()
        done(large, samples(), judges(large, eyes))
        assert sum(looked) == count


def test_nothing_is_drawn_from_other_generators(large: ImageSet) -> None:
    before = torch.get_rng_state()
    done(large, samples(120))
    assert torch.equal(torch.get_rng_state(), before)


def test_as_one_dictionary_and_back(large: ImageSet) -> None:
    found = evaluation(large, samples(120))
    for _ in found.steps():
        pass
    text = json.dumps(found.found, allow_nan=False)
    assert from_flat(json.loads(text)) == sorted(found.measures, key=lambda m: list(registry.metric).index(m.name))
    assert set(flat(found.measures)) <= set(found.found)
    assert from_flat({"modes": 8, "quality": 0.9}) == []
    lines = describe_evaluation({"metrics": json.loads(text)}).splitlines()
    assert len(lines) == len(found.measures) + 1
    assert lines[-1].startswith("Shares of the classes: ")
    assert lines[-1].count("%") == 4
    assert any(line.startswith("Fréchet distance (corners): ") and "(120 samples, 1,300 real)" in line for line in lines)  # fmt: skip
    assert any("real pictures: " in line and " ± " in line and " %" in line for line in lines)


def test_what_was_asked_for_is_held_against_what_is_seen(large: ImageSet) -> None:
    """A generator that is told classes and heeds three of four; a classifier that reads nine of ten real pictures rightly."""
    seen = Corners().of(samples()).argmax(1)
    asked = torch.where(torch.arange(N) % 4 == 0, (seen + 1) % 4, seen)
    rows = iter(zip(samples(), asked, strict=True))

    def draw(k: int) -> tuple[Tensor, Tensor]:
        images, labels = zip(*(next(rows) for _ in range(k)), strict=True)
        return torch.stack(images), torch.stack(labels)

    found = Evaluation(draw, N, large, replace(judges(large), accuracy=0.9), told=True)
    for _ in found.steps():
        pass
    (told,) = (m for m in found.measures if m.name == "as_asked")
    assert told.value == 0.75
    assert told.floor == 0.9
    assert (told.samples, told.reference, told.by) == (N, 0, "corners")
    assert told.spread == pytest.approx(math.sqrt(0.75 * 0.25 / N), rel=0.6)
    assert {m.name for m in found.measures} == {*PICTURES, "swd", "as_asked"}


def test_some_of_the_figures_are_the_same_as_among_all(large: ImageSet, measured: dict[str, Measure]) -> None:
    for _time in range(2):
        some = Evaluation(in_turn(samples()), N, large, judges(large), only=("fd", "class_kl"), repeats=False)
        stages = {step.what for step in some.steps()}
        assert {m.name for m in some.measures} == {"fd", "confident", "class_modes", "class_kl", "min_class_share"}
        for m in some.measures:
            assert m == replace(measured[m.name], spread=None)
    assert "Comparing" in stages
    assert not any("halves" in what or "Measuring real" in what for what in stages)  # floors are known by now


# ── names, and what may be compared ──────────────────────────────────────────────────────────────────────────────────────


def test_fid_and_kid_are_said_of_the_standard_inception_only(large: ImageSet, measured: dict[str, Measure]) -> None:
    assert measured["fd"].heading == "Fréchet distance (corners)"
    assert measured["kd"].heading == "Kernel distance (corners)"
    assert measured["score"].heading == "Inception-style score (corners)"
    assert not any("FID" in m.heading or "KID" in m.heading for m in measured.values())
    standard = Corners("standard Inception", "inception-1", is_inception=True)
    found = done(large, samples(120), Judges(standard, Corners(), own(large)))
    assert [found[name].heading for name in ("fd", "kd", "score")] == ["FID", "KID", "Inception score"]
    assert found["recall"].heading == "Recall (standard Inception)"
    assert found["class_kl"].heading == "Reverse KL of the classes (corners)"


def test_what_may_be_compared(measured: dict[str, Measure]) -> None:
    fd = measured["fd"]
    comparable(fd, replace(fd, value=3.0, floor=None, spread=None))
    for other, why in (
        (measured["kd"], "different figures"),
        (replace(fd, features_key="other", features="another network"), "different features"),
        (replace(fd, data="mnist"), "different data sets"),
        (replace(fd, samples=5000), "with 300 and 5000 samples"),
        (replace(fd, reference=10), "against 1300 and 10 real pictures"),
    ):
        with pytest.raises(DataError, match=why):
            comparable(fd, other)


# ── who judges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_inception_path_with_an_injected_network(large: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    standard = Corners("standard Inception", "inception-1", is_inception=True)
    monkeypatch.setattr(inception, "load_inception", lambda: standard)
    bare = replace(large, labels=None, test_labels=None, class_names=())
    found = metrics.evaluate(samples(120), bare, None, "inception")
    assert found["fd_inception"] is True
    assert {"fd", "kd", "precision", "covered", "score", "swd"} <= found.keys()
    assert not {"class_modes", "class_shares", "confident"} & found.keys()  # nobody knows its classes


def test_a_set_without_labels_has_no_classifier_features(large: ImageSet) -> None:
    with pytest.raises(DataError, match="noise has no labels"):
        get_judges("classifier", replace(large, labels=None))
    with pytest.raises(ConfigError, match=r"'vgg'.*classifier, inception"):
        get_judges("vgg", large)


def test_each_channel_of_a_stacked_picture() -> None:
    eyes = ChannelFeatures(Corners(), 3)
    stacked = to_unit(pictures(50, 3, channels=3))
    found = eyes.of(stacked)
    assert found.shape == (50, eyes.width) == (50, 12)
    p = eyes.probabilities(found)
    assert p is not None
    assert torch.allclose(p.sum(1), torch.ones(50))
    r, g, b = (Corners().of(stacked[:, c : c + 1]).argmax(1) for c in range(3))
    assert torch.equal(p.argmax(1), 16 * r + 4 * g + b)
    assert ChannelFeatures(Corners(knows=False), 3).probabilities(found) is None


def test_a_stacked_set_is_judged_by_the_set_of_its_channels(large: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(features.data_sets, "load", lambda config, _progress=None: (asked.append(config), large)[1])
    monkeypatch.setattr(
        features, "get_classifier", lambda data, _progress=None: SimpleNamespace(data=data.name, accuracy=0.9)
    )
    monkeypatch.setattr(features, "ClassifierFeatures", lambda judge: Corners(f"{judge.data} classifier", judge.data))
    stacked = image_set(300, 200, labelled=False, channels=3, name="stacked")
    object.__setattr__(stacked, "channels_are", "digits")
    found = get_judges("classifier", stacked)
    assert [(config.name, config.image_size) for config in asked] == [("digits", 4)]
    assert found.features.name == "noise classifier of each channel"
    assert found.own is not None
    assert found.own.shape == (64,)
    assert found.accuracy == pytest.approx(0.9**3)
    assert float(found.own[16 * 1 + 4 * 2 + 3]) == pytest.approx(float(own(large)[[1, 2, 3]].prod()))
    measured = done(stacked, to_unit(pictures(200, 9, channels=3)), found)
    assert 1 < measured["class_modes"].value <= 64


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_too_few_samples_are_refused_with_the_number_needed(large: ImageSet) -> None:
    for n, why in ((4, "more than 4 samples; there are 4"), (39, "at least 40 samples"), (99, "at least 100 samples")):
        with pytest.raises(DataError, match=why):
            evaluation(large, samples(n))


def test_too_few_real_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="at least 40 samples; there are 30"):
        evaluation(image_set(20, 10), samples(120))


def test_a_spread_needs_halves_that_are_large_enough(large: ImageSet) -> None:
    class Wide(Corners):
        def of(self, images: Tensor) -> Tensor:
            return torch.cat([images.flatten(1)] * 5, 1)

    found = done(large, samples(120), Judges(Wide(key="wide", width=80)))
    assert found["fd"].spread is None  # 60 samples do not have 80 features
    assert found["recall"].spread is not None


def test_samples_that_cannot_be_measured_are_refused(large: ImageSet) -> None:
    for bad in (torch.zeros(120, 3, 4, 4), torch.full((120, 1, 4, 4), torch.nan)):
        with pytest.raises(DataError):
            list(evaluation(large, bad).steps())
        with pytest.raises(DataError):
            images.evaluate_by(judges(large), bad, large)
