"""The classifier and what it says about real digits, noise, and a generator that has forgotten classes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from scipy.linalg import sqrtm

from gan_core import data as data_sets
from gan_core import metrics, registry
from gan_core.config import DataConfig
from gan_core.data import ImageSet
from gan_core.errors import DataError
from gan_core.metrics import classifier, kernel
from gan_core.metrics.classifier import FEATURES, Classifier, get_classifier
from gan_core.metrics.features import ClassifierFeatures


def unit(images: torch.Tensor) -> torch.Tensor:
    return images.double().div(127.5).sub(1).float()


@pytest.fixture(autouse=True)
def few_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the kernel distance, which test_metrics_kernel.py is about."""
    monkeypatch.setattr(kernel, "SUBSETS", 5)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def digits(cache: Path) -> ImageSet:
    found = data_sets.load(DataConfig(name="digits", image_size=16))
    assert isinstance(found, ImageSet)
    return found


@pytest.fixture(scope="module")
def judge(digits: ImageSet) -> Classifier:
    before, threads, told = torch.get_rng_state(), torch.get_num_threads(), list[tuple[str, int, int]]()
    found = get_classifier(digits, lambda *what: told.append(what))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert len(told) > 5
    assert all("digits" in text and done <= total for text, done, total in told)
    return found


def test_it_reads_digits_that_it_has_not_seen(judge: Classifier, digits: ImageSet) -> None:
    assert judge.accuracy >= 0.97
    guesses = judge.probabilities(unit(digits.test_images)).argmax(1)
    assert digits.test_labels is not None
    assert float((guesses == digits.test_labels).double().mean()) == pytest.approx(judge.accuracy)
    assert f"{100 * judge.accuracy:.1f} %" in judge.description


def test_features_and_probabilities_do_not_depend_on_the_batch(judge: Classifier, digits: ImageSet) -> None:
    images = unit(digits.test_images)
    features, probabilities = judge.features(images), judge.probabilities(images)
    assert features.shape == (297, FEATURES) == (297, 64)
    assert probabilities.shape == (297, 10)
    assert torch.allclose(probabilities.sum(1), torch.ones(297), atol=1e-5)
    assert torch.allclose(judge.features(images[:5]), features[:5], atol=1e-4)
    assert not features.requires_grad


def test_as_features(judge: Classifier, digits: ImageSet) -> None:
    eyes, images = ClassifierFeatures(judge), unit(digits.test_images[:40])
    assert torch.equal(eyes.of(images), judge.features(images))
    assert torch.allclose(eyes.probabilities(eyes.of(images)), judge.probabilities(images), atol=1e-6)
    assert (eyes.name, eyes.width, eyes.is_inception) == ("digits classifier", FEATURES, False)
    other = ClassifierFeatures(replace(judge, network=classifier.build(1, 16, 10).to_empty(device="cpu")))
    assert eyes.key == ClassifierFeatures(judge).key != other.key


def test_it_is_trained_once_and_read_back_the_same(judge: Classifier, digits: ImageSet, cache: Path) -> None:
    path = next((cache / "classifiers").iterdir())
    with safe_open(path, framework="pt") as file:
        assert json.loads(file.metadata()["accuracy"]) == judge.accuracy
    again = get_classifier(digits, lambda *_: pytest.fail("trained again"))
    images = unit(digits.test_images[:50])
    assert again.accuracy == judge.accuracy
    assert torch.equal(again.features(images), judge.features(images))


def test_other_labels_are_another_classifier(
    judge: Classifier, digits: ImageSet, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digits.labels is not None
    assert digits.test_labels is not None
    renamed = replace(digits, labels=9 - digits.labels, test_labels=9 - digits.test_labels)
    monkeypatch.setattr(classifier, "_EPOCHS", 1)
    found = get_classifier(renamed)
    guesses = found.probabilities(unit(digits.test_images)).argmax(1)
    assert float((guesses == renamed.test_labels).double().mean()) == pytest.approx(found.accuracy)
    assert len(list((cache / "classifiers").iterdir())) == 2


def test_a_cache_that_cannot_be_written_does_not_lose_the_classifier(
    digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(classifier, "_EPOCHS", 1)
    assert 0 <= get_classifier(digits).accuracy <= 1


def test_a_damaged_file_is_replaced(digits: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr(classifier, "_EPOCHS", 1)
    first = get_classifier(digits)
    path = next((tmp_path / "classifiers").iterdir())
    path.write_bytes(b"no safetensors")
    again = get_classifier(digits)
    assert again.accuracy == first.accuracy  # trained anew with the same seed
    with safe_open(path, framework="pt") as file:
        assert json.loads(file.metadata()["accuracy"]) == first.accuracy


def test_a_set_without_labels_has_no_classifier(digits: ImageSet) -> None:
    bare = ImageSet("pictures", digits.images, None, digits.test_images, None, (), "")
    with pytest.raises(DataError, match="pictures has no labels"):
        get_classifier(bare)


def test_real_digits_score_well(judge: Classifier, digits: ImageSet) -> None:
    found = metrics.evaluate(unit(digits.images), digits)
    assert found["confident"] > 0.95
    assert found["min_class_share"] > 0.08
    assert found["fd"] < found["fd_floor"]  # most of these samples are in the reference; the floor is half against half
    assert found["fd_features"] == judge.description
    assert sum(found["class_shares"]) == pytest.approx(1, abs=1e-3)
    assert set(found) >= {entry.name for entry in registry.metric.entries() if entry.info["kind"] == "images"} - {
        "as_asked"
    }
    json.dumps(found, allow_nan=False)


@pytest.mark.filterwarnings(
    "ignore:Matrix is singular"
)  # features that are always off; the trace is right all the same
def test_the_distance_is_the_textbook_one_on_its_features(judge: Classifier, digits: ImageSet) -> None:
    samples = unit(digits.images[:300]) * 0.5
    everything = unit(torch.cat([digits.images, digits.test_images]))
    a, b = (judge.features(images).double().numpy() for images in (samples, everything))
    c, d = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(c + d - 2 * sqrtm(c @ d).real)
    found = metrics.evaluate(samples, digits)
    assert found["fd"] == pytest.approx(float(expected), rel=1e-3)
    assert found["fd_reference"] == 1797


def test_noise_and_forgotten_classes_score_badly(judge: Classifier, digits: ImageSet) -> None:
    real = metrics.evaluate(unit(digits.images[:600]), digits)
    noise = torch.rand(600, *digits.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert metrics.evaluate(noise, digits)["fd"] > 5 * real["fd"]
    assert digits.labels is not None
    ones = metrics.evaluate(unit(digits.images[digits.labels == 1]), digits)
    assert ones["fd"] > 5 * real["fd"]
    assert ones["min_class_share"] == 0
    assert max(range(10), key=ones["class_shares"].__getitem__) == 1


def test_too_few_samples_are_refused(judge: Classifier, digits: ImageSet) -> None:
    with pytest.raises(DataError, match="more than 64"):
        metrics.evaluate(unit(digits.images[:64]), digits)


def test_samples_that_cannot_be_measured_are_refused(judge: Classifier, digits: ImageSet) -> None:
    with pytest.raises(DataError, match=r"\(3, 16, 16\).*\(1, 16, 16\)"):
        metrics.evaluate(torch.zeros(100, 3, 16, 16), digits)
    with pytest.raises(DataError, match="NaN"):
        metrics.evaluate(torch.full((100, 1, 16, 16), torch.nan), digits)
