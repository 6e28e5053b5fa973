"""Arithmetic with latents: a − b + c of averages as NumPy reckons it, and what lies near the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch

from gan_core.data.sets import to_unit
from gan_core.errors import ConfigError
from gan_core.latent import reading
from gan_core.latent.asking import Answer, CalledOffError, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.paths import blend
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder

KINDS: dict[str, Callable[[], Any]] = {
    "points": _tiny.points,
    "plain": lambda: _tiny.pictures(latent__dim=4),
    "told": lambda: _tiny.pictures(
        latent__dim=4, generator__conditioning="concat", discriminator__conditioning="concat"
    ),
    "style": lambda: _tiny.pictures(latent__dim=8, generator__network="style"),
}
A, B, C = (1, 2, 3), (4, 5), (6,)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Room]:
    made: dict[str, Room] = {}

    def get(kind: str) -> Room:
        if kind not in made:
            root: Path = tmp_path_factory.mktemp(kind)
            headless.train(headless.start(KINDS[kind](), root / "run", root), steps=2)
            explorer = Explorer(RunFolder(root / "run"))
            made[kind] = explorer.room(explorer.newest())
        return made[kind]

    return get


def never(share: float, so_far: Answer | None = None) -> None:
    assert 0 <= share < 1


def near(room: Room, tell: Any = never, **asked: Any) -> Answer:
    return asked_for("arithmetic.near").answer(room, asked, tell)


def average(seeds: tuple[int, ...], **more: Any) -> dict[str, Any]:
    return {"blend": [[{"seed": seed}, 1 / len(seeds)] for seed in seeds], **more}


def result(**more: Any) -> dict[str, Any]:
    """What the board asks for."""
    return {"blend": [[average(A, **more), 1], [average(B, **more), -1], [average(C, **more), 1]], **more}


@pytest.mark.parametrize("kind", ["plain", "told", "points"])
def test_the_result_is_as_numpy_reckons_it(room: Callable[[str], Room], kind: str) -> None:
    there = room(kind)
    z = {seed: there.explored.seed(seed).double().numpy() for seed in (*A, *B, *C)}
    a, b, c = (np.mean([z[seed] for seed in seeds], axis=0) for seeds in (A, B, C))
    found = there.settled(result(keep=False)).numpy()
    assert np.allclose(found, a - b + c, atol=1e-5)
    assert not np.allclose(found, a, atol=1e-2)  # a weight of 1 is not the whole of it


def test_with_the_length_kept(room: Callable[[str], Room]) -> None:
    there = room("plain")
    z = {seed: there.explored.seed(seed).double().numpy() for seed in (*A, *B, *C)}

    def mean(seeds: tuple[int, ...]) -> np.ndarray:
        plain = np.mean([z[seed] for seed in seeds], axis=0)
        return plain / np.linalg.norm(plain) * np.mean([np.linalg.norm(z[seed]) for seed in seeds])

    a, b, c = (mean(seeds) for seeds in (A, B, C))
    length = np.linalg.norm(a) - np.linalg.norm(b) + np.linalg.norm(c)
    plain = a - b + c
    expected = plain / np.linalg.norm(plain) * length if length > 0 else plain
    assert np.allclose(there.settled(result(keep=True)).numpy(), expected, atol=1e-5)


def test_a_class_is_reckoned_with_as_well(room: Callable[[str], Room]) -> None:
    there = room("told")
    place = {"blend": [[{"seed": 1, "class": 3}, 1], [{"seed": 2, "class": 3}, -1], [{"seed": 3, "class": 7}, 1]]}
    found = there.settled(place).numpy()[4:]
    assert np.allclose(found, np.eye(10)[7], atol=1e-6)


def test_in_the_space_of_styles(room: Callable[[str], Room]) -> None:
    there = room("style")
    w = {seed: there.explored.styles(there.explored.seed(seed)[None])[0].double().numpy() for seed in (*A, *B, *C)}
    a, b, c = (np.mean([w[seed] for seed in seeds], axis=0) for seeds in (A, B, C))
    assert np.allclose(there.settled(result(space="w")).numpy(), a - b + c, atol=1e-5)


def test_a_length_that_there_is_not_is_not_kept() -> None:
    anchors = torch.tensor([[1.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    weights = torch.tensor([1.0, -1.0, 1.0])
    assert torch.allclose(blend(anchors, weights, keep_length=True), torch.tensor([2.0, -4.0]))
    assert torch.equal(blend(anchors, torch.tensor([0.0, 1.0, 0.0]), keep_length=True), anchors[1])


@pytest.mark.parametrize("kind", ["plain", "points"])
def test_the_nearest_generated_ones_are_those_of_a_full_search(room: Callable[[str], Room], kind: str) -> None:
    there = room(kind)
    explored = there.explored
    answer = near(there, place=result(), count=60, k=5)
    sample = explored.draw(there.settled(result())[None]).numpy().reshape(-1)
    latents = explored.many(60, 4)
    others = explored.draw(latents).numpy().reshape(60, -1)
    by_hand = np.sqrt(((others - sample) ** 2).mean(1)) / 2 if kind == "plain" else np.linalg.norm(others - sample, axis=1)  # fmt: skip
    order = np.argsort(by_hand, kind="stable")[:5]
    assert np.allclose(answer.facts["distances"], by_hand[order], atol=1e-5)
    for at, row in zip(answer.facts["at"], order, strict=True):
        assert torch.equal(reading.floats({"at": at}, "at", [explored.inputs]), latents[row])
    assert len(answer.arrays["samples"]) == 5


def test_the_nearest_real_ones_by_pixels(room: Callable[[str], Room]) -> None:
    there = room("plain")
    data = there.explored.data
    answer = near(there, place={"seed": 1}, count=10, k=3)
    sample = there.explored.draw(there.explored.seed(1)[None]).numpy()
    by_hand = np.sqrt(((to_unit(data.images).numpy() - sample) ** 2).mean((1, 2, 3))) / 2
    order = np.argsort(by_hand, kind="stable")[:3]
    assert np.allclose(answer.facts["real_distances"], by_hand[order], atol=1e-5)
    assert np.array_equal(answer.arrays["real"], data.images.numpy()[order])
    assert answer.facts["real_labels"] == [data.class_names[int(data.labels[row])] for row in order]


def test_by_features_its_own_sample_is_the_nearest(room: Callable[[str], Room]) -> None:
    there = room("plain")
    own = there.explored.many(20, 4)[13]
    answer = near(there, place={"at": reading.as_base64(own)}, count=20, k=2, by="features")
    assert answer.facts["by"] == "features"
    assert answer.facts["features"] == "digits classifier"
    assert answer.facts["at"][0] == reading.as_base64(own)
    assert answer.facts["distances"][0] == pytest.approx(0, abs=1e-4)
    assert len(answer.facts["real_distances"]) == 2


def test_another_look_is_not_taken_from_before(room: Callable[[str], Room]) -> None:
    there = room("plain")
    one, other = (near(there, place={"seed": 1}, count=30, k=3, psi=psi) for psi in (1.0, 0.5))
    assert one.facts["distances"] != other.facts["distances"]
    assert near(there, place={"seed": 1}, count=30, k=3, psi=1.0).facts["distances"] == one.facts["distances"]


def test_it_is_called_off_and_nonsense_refused(room: Callable[[str], Room]) -> None:
    there = room("plain")

    def off(_share: float, _so_far: Answer | None = None) -> None:
        raise CalledOffError

    with pytest.raises(CalledOffError):
        near(there, off, place={"seed": 1}, count=31)
    for bad in ({"k": 0}, {"count": 10**6}, {"by": "taste"}, {"place": None}):
        with pytest.raises(ConfigError):
            near(there, **({"place": {"seed": 1}, "count": 20} | bad))
