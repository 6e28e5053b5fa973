"""Pictures drawn a part at a time, with what was asked for; and the classifier that is trained a little at a time."""

from __future__ import annotations

from pathlib import Path

import _tiny
import pytest
import torch
from _eyes import image_set

from gan_core import generate
from gan_core.data.sets import ImageSet
from gan_core.metrics import classifier, features
from gan_core.metrics.classifier import get_classifier
from gan_core.metrics.evaluation import Draw
from gan_core.metrics.measuring import samples_now, samples_of
from gan_core.metrics.pieces import finish
from gan_core.players import draw_inputs
from gan_core.runs import facts
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer

TOLD = {"generator__conditioning": "concat", "discriminator__conditioning": "concat"}


def saved_run(path: Path, **changes: object) -> RunFolder:
    """A run that has taken a few steps and was saved."""
    config = _tiny.pictures(**changes)
    folder = RunFolder(path)
    folder.create(config, facts.of_new(path.name, "", config))
    session = TrainingSession(path.name, "", config, folder)
    session.prepare()
    session.turn(60.0, until_step=3)
    session.close()
    return folder


def images_of(draw: Draw, parts: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor | None]:
    found = [draw(k) for k in parts]
    pairs = [one if isinstance(one, tuple) else (one, None) for one in found]
    asked = [a for _, a in pairs if a is not None]
    return torch.cat([x for x, _ in pairs]), torch.cat(asked) if asked else None


@pytest.mark.parametrize("changes", [{}, TOLD])
def test_in_parts_the_same_pictures_as_all_at_once(tmp_path: Path, changes: dict[str, object]) -> None:
    made = generate.load(saved_run(tmp_path / "run", **changes))
    images, asked = images_of(made.drawing(7), (250, 3, 511, 512, 1, 24))
    assert torch.equal(images, made.sample(1301, 7))
    assert (asked is None) == (not changes)
    if asked is not None:
        rng = torch.Generator().manual_seed(7)
        inputs = torch.cat([draw_inputs(generate.BATCH, made.config, rng) for _ in range(3)])[:1301]
        assert torch.equal(asked, inputs[:, made.config.latent.dim :].argmax(1))


def test_samples_of_a_moment_stay_what_they_are() -> None:
    trainer = _tiny.trained(_tiny.pictures(**TOLD), 2)
    now, before = samples_now(trainer.players), samples_of(trainer.players.copy())
    for _ in range(3):
        trainer.step()
    (a, asked), (b, also) = images_of(now, (5, 6)), images_of(before, (5, 6))
    assert torch.equal(a, b)
    assert asked is not None
    assert also is not None
    assert torch.equal(asked, also)
    assert not torch.equal(a, images_of(samples_of(trainer.players), (5, 6))[0])


# ── the classifier in pieces ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    """A set whose classifier takes sixty steps, and an empty cache."""
    monkeypatch.setattr(classifier, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(classifier, "_SEEN", 60 * 128)
    return image_set(400, 200)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def test_a_classifier_in_pieces_is_the_one_made_at_once(quick: ImageSet, tmp_path: Path) -> None:
    pieces, count = classifier.pieces(quick), 0
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            slow = end.value
            break
        count += 1
    assert count == 61  # one step of sixty at a time, after a look into the cache
    (file,) = files(tmp_path)
    file.unlink()
    fast = get_classifier(quick)
    assert slow.accuracy == fast.accuracy
    for a, b in zip(slow.network.state_dict().values(), fast.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert sum(1 for _ in classifier.pieces(quick)) == 1  # it is there now


def test_whoever_is_quicker_makes_it(quick: ImageSet, tmp_path: Path) -> None:
    pieces = classifier.pieces(quick)
    for _ in range(10):
        next(pieces)
    fast = get_classifier(quick)  # somebody wants it at once: nobody waits for the one who takes his time
    left = sum(1 for _ in pieces)
    assert left < 15
    assert finish(features.pieces(quick)).accuracy == fast.accuracy


def test_what_a_picture_has_in_these_eyes() -> None:
    assert features.width_of("classifier", _tiny.pictures().data) == 64
    assert features.width_of("classifier", _tiny.pictures(data__name="stacked_digits", data__image_size=28).data) == 192
    assert features.width_of("inception", _tiny.pictures().data) == 2048
    trainer = Trainer(_tiny.pictures())
    assert isinstance(trainer.data, ImageSet)
    assert features.knows_classes(trainer.data)
