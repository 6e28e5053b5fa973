"""Runs whose data are not what they should be: a broken file in the cache, labels that are missing or do not fit. Each is named, and nothing
is lost."""

from __future__ import annotations

import dataclasses
import urllib.error
import urllib.request
from pathlib import Path

import _tiny
import numpy as np
import pytest
import torch
from _idx import TRAIN, write_mnist
from test_data_images import cifar_files, load
from test_session import beside, new, run_to, state, tell

from gan_core import data as data_sets
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, DataError
from gan_core.runs.commands import Pause, Resume
from gan_core.trainer import Trainer

TOLD = {"generator__conditioning": "concat", "discriminator__conditioning": "concat"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a small MNIST, an empty one in memory, and no network."""

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network here")

    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setattr(data_sets, "_cache", type(data_sets._cache)())
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    write_mnist(tmp_path)
    return tmp_path


def mnist(**changes: object) -> RunConfig:
    return _tiny.pictures(**({"data__name": "mnist", "data__image_size": 28, "batch_size": 4} | changes))


def test_a_broken_file_ends_a_run_before_it_begins_and_a_whole_one_lets_it_begin(cache: Path) -> None:
    broken = cache / "MNIST" / "raw" / "train-images-idx3-ubyte"
    broken.write_bytes(b"<html>log in first</html>")
    session = new(cache, mnist())
    assert session.status == "failed"
    assert session.needs_data
    said = str(session.message)
    assert str(broken) in said
    assert "Delete it" in said
    write_mnist(cache)
    session.prepare_again()
    session.prepare()
    run_to(session, 2)


def test_a_file_that_breaks_later_costs_a_saved_run_nothing(cache: Path) -> None:
    session = new(cache, mnist())
    run_to(session, 4)
    tell(session, Pause())
    good = state(session)
    assert session.folder is not None
    session.folder.unlock()
    labels = cache / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-3])
    data_sets._cache.clear()
    other = beside(cache)
    assert (other.status, str(labels) in str(other.message)) == ("failed", True)
    write_mnist(cache)
    other.prepare_again()
    other.prepare()
    other.turn(0.0)
    _tiny.assert_same(state(other), good)
    tell(other, Resume())
    run_to(other, 6)


def test_a_record_of_cifar10_with_an_unknown_class_is_named(cache: Path) -> None:
    folder = cache / "cifar-10-batches-bin"
    folder.mkdir()
    for name, array in cifar_files().items():
        if name == "data_batch_3.bin":
            array[2, 0] = 200
        (folder / name).write_bytes(array.tobytes())
    with pytest.raises(DataError, match=r"data_batch_3\.bin.*label 200.*Delete it"):
        load("cifar10", 32)


def test_a_file_that_cannot_be_opened_is_named(cache: Path) -> None:
    folder = cache / "cifar-10-batches-bin"
    for name in cifar_files():
        (folder / name).mkdir(parents=True)
    with pytest.raises(DataError, match=r"data_batch_1\.bin"):
        load("cifar10", 32)


@pytest.mark.parametrize(("labels", "word"), [
    (None, "no labels"), (torch.arange(39) % 10, "do not fit"), (torch.full((40,), 10), "0 to 9"), (torch.full((40,), -1), "0 to 9"),
])  # fmt: skip
def test_labels_that_are_missing_or_do_not_fit(labels: torch.Tensor | None, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        Trainer(_tiny.pictures(**TOLD), dataclasses.replace(_tiny.images(), labels=labels))
    assert "conditioning" in str(caught.value)


def test_a_run_without_labels_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dataclasses.replace(_tiny.images(), labels=None)
    monkeypatch.setattr(data_sets, "load", lambda *_: bare)
    session = new(cache, _tiny.pictures(**TOLD))
    session.turn(1.0)
    assert session.status == "failed"
    assert "conditioning to none" in str(session.message)


def test_those_who_are_told_nothing_need_none() -> None:
    assert np.isfinite(
        _tiny.trained(_tiny.pictures(), 1, dataclasses.replace(_tiny.images(), labels=None)).read_stats().d_loss
    )
    assert TRAIN == 12  # the small MNIST holds a batch
