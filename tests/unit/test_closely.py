"""A picture looked at closely: its nearest training pictures against scikit-learn, saliency against finite differences, and the way of
both into frames, of the present and of the past."""

from __future__ import annotations

import dataclasses
import json
import struct
import time
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from test_session import new, run_to, state, tell
from torch import nn

from gan_core.data.sets import ImageSet, to_unit
from gan_core.metrics import nearest
from gan_core.metrics.features import at_hand
from gan_core.metrics.pieces import finish
from gan_core.players import Players
from gan_core.runs import closely, frames, indices
from gan_core.runs.commands import Pause, Resume
from gan_core.runs.darkroom import Darkroom
from gan_core.saliency import saliency
from gan_core.trainer import Trainer

FAKE = "close:fake.5"


def flat(images: torch.Tensor) -> np.ndarray:
    return images.flatten(1).numpy().astype(np.float64) / 255  # a share of the range from black to white


def unlike(kind: str, shape: tuple[int, ...]) -> torch.Tensor:
    """A picture that is not of the set: noise, one colour, or something between two values."""
    rng = torch.Generator().manual_seed(3)
    if kind == "noise":
        return torch.rand(shape, generator=rng) * 2 - 1
    return torch.full(shape, -1.0) if kind == "black" else torch.randn(shape, generator=rng).mul(0.2).clamp(-1, 1)


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (8, 3), (28, 1), (30, 3)])
@pytest.mark.parametrize("kind", ["noise", "black", "grey"])
def test_the_nearest_pixels_are_those_of_a_full_comparison(size: int, channels: int, kind: str) -> None:
    data = _tiny.images(size, channels, count=500)
    smooth = torch.nn.functional.avg_pool2d(data.images.float(), 5, 1, 2).to(torch.uint8)  # noise and what is not
    data = dataclasses.replace(data, images=torch.cat([data.images, smooth]))
    x = unlike(kind, data.shape)
    distances, rows = finish(nearest.index_pixels(data)).find(x, 7)
    exact = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(flat(data.images))
    wanted, places = exact.kneighbors(flat((x[None] + 1) * 127.5))
    np.testing.assert_allclose(distances, wanted[0] / np.sqrt(x.numel()), rtol=1e-5)
    assert rows.tolist() == places[0].tolist()


def test_on_digits_too_and_few_are_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Trainer(_tiny.pictures(data__image_size=28)).data
    assert isinstance(data, ImageSet)
    index = finish(nearest.index_pixels(data))
    looked: list[int] = []
    exact = nearest.Pixels._exact
    monkeypatch.setattr(
        nearest.Pixels, "_exact", lambda self, x, rows: looked.append(len(rows)) or exact(self, x, rows)
    )
    brute = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(flat(data.images))
    for picture in data.test_images[:10]:
        distances, rows = index.find(to_unit(picture), 4)
        wanted, places = brute.kneighbors(flat(picture[None]))
        np.testing.assert_allclose(distances, wanted[0] / 28, rtol=1e-4)
        assert rows.tolist() == places[0].tolist()
    assert np.mean(looked) < len(data.images) / 10


def test_equally_near_pictures_come_in_their_order() -> None:
    data = _tiny.images(8, 1, count=20)
    data = dataclasses.replace(data, images=data.images[:4].repeat(5, 1, 1, 1))
    distances, rows = finish(nearest.index_pixels(data)).find(to_unit(data.images[2]), 5)
    assert rows.tolist() == [2, 6, 10, 14, 18]
    assert distances.tolist() == [0.0] * 5


def test_the_nearest_features_and_the_yardstick() -> None:
    data = Trainer(_tiny.pictures(data__image_size=8)).data
    assert isinstance(data, ImageSet)
    hand = at_hand(data)
    assert hand is not None
    assert hand.is_here
    assert hand.name == "digits classifier"
    features = hand.get()
    index = finish(nearest.index_features(data, features))
    x = unlike("grey", data.shape)
    distances, rows = index.find(x, 5)
    brute = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(features.of(to_unit(data.images)).numpy())
    wanted, places = brute.kneighbors(features.of(x[None]).numpy())
    np.testing.assert_allclose(distances, wanted[0], rtol=1e-4)
    assert rows.tolist() == places[0].tolist()
    yard = finish(nearest.yardstick(index, data))
    chosen = np.linspace(0, len(data.test_images) - 1, len(yard)).round().astype(int)
    each = brute.kneighbors(features.of(to_unit(data.test_images[chosen])).numpy(), 1)[0].ravel()
    np.testing.assert_allclose(yard, np.sort(each), rtol=1e-3)
    assert nearest.nearer_than(0.0, yard) == 1
    assert nearest.nearer_than(float(yard[-1]), yard) == 0
    assert abs(nearest.nearer_than(float(yard[len(yard) // 2 - 1]), yard) - 0.5) < 0.01


def test_a_set_without_labels_has_no_features() -> None:
    assert at_hand(dataclasses.replace(_tiny.images(), labels=None)) is None


# ── saliency ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def numerically(players: Players, pictures: torch.Tensor, labels: torch.Tensor | None, index: int) -> np.ndarray:
    """(H, W): the largest |ΔD/Δx| of each pixel's channels by central differences in float64, all pictures seen from `index` on."""
    d = players.d.double().eval()
    order = (torch.arange(len(pictures)) + index) % len(pictures)
    x, told = pictures[order].double(), [] if labels is None else [labels[order].double()]
    step, found = 1e-6, torch.zeros(x.shape[1:], dtype=torch.float64)

    def first(moved: torch.Tensor) -> torch.Tensor:
        out = d(moved, *told)
        return out[0] if out.dim() == 1 else out[0, 0]

    for place in np.ndindex(*x.shape[1:]):
        ups = []
        for sign in (1, -1):
            moved = x.clone()
            moved[(0, *place)] += sign * step
            ups.append(first(moved))
        found[place] = (ups[0] - ups[1]) / (2 * step)
    d.float()
    return found.abs().amax(0).detach().numpy()


@pytest.mark.parametrize("changes", [
    {}, {"discriminator__norm": "batch", "penalty": "none"}, {"discriminator__spectral_norm": True}, {"discriminator__packing": 4},
    {"discriminator__minibatch_std": True},
    {"generator__conditioning": "norm", "generator__norm": "batch", "discriminator__conditioning": "projection"},
    {"generator__conditioning": "concat", "discriminator__conditioning": "classifier"},
], ids=str)  # fmt: skip
@torch.no_grad()
def test_saliency_is_what_finite_differences_say(changes: dict[str, Any]) -> None:
    trainer = Trainer(_tiny.pictures(**changes))
    with torch.enable_grad():
        trainer.step()
    players = trainer.players
    pictures, labels = players.sample(players.preview.latents)[:4], players.preview.labels
    labels = None if labels is None else labels[:4]
    mode = players.d.training
    found = saliency(players, pictures, labels, 2)
    assert players.d.training is mode
    np.testing.assert_allclose(found.map, numerically(players, pictures, labels, 2), rtol=2e-3, atol=1e-6)
    seen = torch.roll(pictures, -2, 0)
    told = None if labels is None else torch.roll(labels, -2, 0)
    np.testing.assert_allclose(found.logit, players.critic(seen, told)[0], rtol=1e-5)


def test_the_strongest_channel_counts() -> None:
    trainer = Trainer(_tiny.pictures())
    weights = torch.tensor([0.5, -3.0, 1.0])[:, None, None] * torch.linspace(0, 1, 64).view(1, 8, 8)

    class Linear(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x * weights).flatten(1).sum(1)

    players = dataclasses.replace(trainer.players, d=Linear())
    found = saliency(players, torch.zeros(2, 3, 8, 8), None, 1)
    np.testing.assert_allclose(found.map, 3 * torch.linspace(0, 1, 64).view(8, 8))
    assert found.logit == 0


# ── what is asked for ────────────────────────────────────────────────────────────────────────────────────────────────────


def read(frame: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", frame, 4)
    header: dict[str, Any] = json.loads(frame[8 : 8 + length])
    return header


@pytest.mark.parametrize("name", ["close:fake.5", "close:real.0", "close:fake.143.features"])
def test_names(name: str) -> None:
    assert closely.is_known(name)
    assert not closely.is_known(name + "x")
    assert not closely.is_known(name.replace("close", "near"))


def test_what_is_said_of_a_picture() -> None:
    players = Trainer(_tiny.pictures(loss="non_saturating")).players
    seen = closely.granted(players, {FAKE, "close:real.3", "neurons", "close:fake.999"})
    assert set(seen.facts) == {FAKE, "close:real.3"}
    facts = seen.facts[FAKE]
    picture = players.sample(players.preview.latents)[5]
    brute = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(flat(players.data.images))
    wanted, places = brute.kneighbors(flat((picture[None] + 1) * 127.5))
    np.testing.assert_allclose(facts["distances"], wanted[0] / 8, rtol=1e-4)
    assert facts["rows"] == places[0].tolist()
    assert torch.equal(torch.from_numpy(seen.arrays[f"{FAKE}:nearest"]), players.data.images[facts["rows"]])
    assert facts["names"] == [players.data.class_names[k] for k in players.data.labels[facts["rows"]]]
    assert facts["held_out"] == sorted(facts["held_out"])
    assert facts["logit"] == pytest.approx(float(players.critic(picture[None])[0]), rel=1e-5)
    assert facts["chance"] == pytest.approx(1 / (1 + np.exp(-facts["logit"])))
    assert facts["means"]["real"] == pytest.approx(float(players.critic(to_unit(players.preview.real)).mean()))
    own = seen.facts["close:real.3"]
    assert own["distances"][0] > 0  # it is one of the training pictures itself
    assert not any(torch.equal(players.data.images[row], players.preview.real[3]) for row in own["rows"][:1])


def test_a_critic_is_no_probability_and_points_have_no_pictures() -> None:
    assert closely.granted(Trainer(_tiny.pictures(loss="wasserstein")).players, {FAKE}).facts[FAKE]["chance"] is None
    assert closely.granted(Trainer(_tiny.points()).players, {FAKE}).facts == {}


def test_numbers_that_are_none_are_not_compared() -> None:
    players = Trainer(_tiny.pictures()).players
    for module in (players.average, players.d):
        for parameter in module.parameters():
            parameter.data.fill_(float("nan"))
    facts = closely.granted(players, {FAKE}).facts[FAKE]
    assert facts["logit"] is None
    assert facts["means"]["fake"] is None
    assert facts["ready"]
    assert "distances" not in facts


def test_a_run_answers_beside_its_training_and_stays_as_it_is(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 3)
    session.want(frozenset({FAKE}))
    tell(session, Pause())
    data = session.trainer.data  # type: ignore[union-attr]
    indices.of(data, indices.PIXELS)  # wait for it: then the run is told, and looks once more
    for _ in range(200):
        session.turn(0.0)
        if session.latest.closely[FAKE].get("ready"):
            break
        time.sleep(0.02)
    header = read(session.frame())
    assert len(header["closely"][FAKE]["distances"]) == 4
    assert header["arrays"][f"{FAKE}:saliency"] == {
        "dtype": "f4",
        "shape": [8, 8],
        "offset": header["arrays"][f"{FAKE}:saliency"]["offset"],
    }
    assert header["arrays"][f"{FAKE}:nearest"]["dtype"] == "u1"
    assert header["arrays"][f"{FAKE}:nearest"]["shape"] == [4, 1, 8, 8]
    session.want(frozenset())
    session.turn(0.0)
    assert "closely" not in read(session.frame())
    tell(session, Resume())
    run_to(session, 6)
    other = new(tmp_path / "other", _tiny.pictures())
    run_to(other, 6)
    _tiny.assert_same(state(session), state(other))


def test_moments_of_the_past(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 4)
    tell(session, Pause())
    folder = session.folder
    assert folder is not None
    session.release()
    (step,) = [step for step in folder.states() if step == 4]
    assert session.past is not None
    seen = read(session.past.frame(step, frozenset({FAKE})))["closely"][FAKE]
    assert session.trainer is not None
    wanted = closely.granted(session.trainer.players, {FAKE}).facts[FAKE]
    assert seen["rows"] == wanted["rows"]
    np.testing.assert_allclose(seen["logit"], wanted["logit"], rtol=1e-4)
    assert "closely" not in read(session.past.frame(step))


def test_a_moment_of_which_the_picture_alone_is_kept(tmp_path: Path) -> None:
    session = new(tmp_path, _tiny.pictures())
    run_to(session, 2)
    tell(session, Pause())
    assert session.folder is not None
    fake = session.latest.arrays["fake"]
    sheet = session.folder.history.picture_file(77)
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_bytes(frames.encode_grid(fake))
    seen = Darkroom(session.folder).closely(77, frozenset({FAKE}))
    assert "logit" not in seen.closely[FAKE]
    brute = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(flat(session.trainer.data.images))  # type: ignore[union-attr]
    wanted, _ = brute.kneighbors(flat(torch.from_numpy(fake[5:6].copy())))
    np.testing.assert_allclose(seen.closely[FAKE]["distances"], wanted[0] / 8, rtol=1e-4)
