"""The search for the latent of a picture, as a browser asks for it: found again, from the encoder, in every class, called off, refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import _tiny
import numpy as np
import pytest
import torch

from gan_core.config import RunConfig
from gan_core.data.sets import to_pixels, to_unit
from gan_core.errors import ConfigError
from gan_core.latent import reading
from gan_core.latent.asking import Answer, CalledOffError, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.projection import psnr
from gan_core.latent.seen import classifier_of
from gan_core.latent.tools.look import look_of
from gan_core.latent.tools.project import Searched, differentiable
from gan_core.metrics.features import ChannelFeatures
from gan_core.runs import headless
from gan_core.runs.folder import RunFolder


def bigan() -> RunConfig:
    return _tiny.pictures(method="bigan", loss="non_saturating", penalty="none")


KINDS: dict[str, Callable[[], RunConfig]] = {
    "points": _tiny.points,
    "plain": lambda: _tiny.pictures(latent__dim=4),
    "told": lambda: _tiny.pictures(latent__dim=4, generator__conditioning="concat", discriminator__conditioning="concat"),
    "found": lambda: _tiny.pictures(latent__dim=4, latent__categories=3, latent__continuous=2),
    "style": lambda: _tiny.pictures(latent__dim=8, generator__network="style"),
    "bigan": bigan,
    "vae": lambda: _tiny.pictures(method="vae", penalty="none"),
}  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Room]:
    """room("told"): a run of that kind after three steps."""
    made: dict[str, Room] = {}

    def get(kind: str) -> Room:
        if kind not in made:
            root = tmp_path_factory.mktemp(kind)
            headless.train(headless.start(KINDS[kind](), root / "run", root), steps=3)
            explorer = Explorer(RunFolder(root / "run"))
            made[kind] = explorer.room(explorer.newest())
        return made[kind]

    return get


def never(share: float, so_far: Answer | None = None) -> None:
    assert 0 <= share < 1


def ask(room: Room, name: str, tell: Any = never, **asked: Any) -> Answer:
    return asked_for(name).answer(room, asked, tell)


def as_bytes(picture: torch.Tensor) -> str:
    return base64.b64encode(to_pixels(picture).numpy().tobytes()).decode()


def drawn(room: Room, answer: Answer) -> np.ndarray:
    """What the page draws of the place that was found."""
    return np.asarray(ask(room, "draw", places=[{"at": answer.facts["at"]}]).arrays["samples"])


@pytest.mark.parametrize(("kind", "space", "seen"), [("plain", "z", True), ("found", "z", False), ("told", "z", False), ("style", "w", False), ("style", "w+", False)])  # fmt: skip
def test_a_sample_is_found_again(room: Callable[[str], Room], kind: str, space: str, seen: bool) -> None:
    there = room(kind)
    planted = there.explored.draw(there.explored.seed(99)[None])[0]
    answer = ask(there, "project", target=as_bytes(planted), steps=200, space=space, features=seen)
    assert answer.facts["features"] == ("digits classifier" if seen else "")
    assert answer.facts["psnr"] >= 35
    found = to_unit(torch.from_numpy(drawn(there, answer)))[0]
    assert psnr(found, planted) >= 35  # the place is what the picture says
    assert np.abs(drawn(there, answer).astype(int) - answer.arrays["samples"].astype(int)).max() <= 1
    losses = answer.arrays["losses"]
    assert losses.dtype == np.float32
    assert len(losses) == 200
    assert (np.diff(losses) <= 0).all()
    assert answer.facts["start"] == "sample"
    assert answer.facts["encoder"] is None


def test_the_class_that_made_it_is_found(room: Callable[[str], Room]) -> None:
    there = room("told")
    for label in (3, 8):
        planted = there.explored.draw(there.explored.seed(5, label)[None])[0]
        answer = ask(there, "project", target=as_bytes(planted), steps=100, features=False)
        assert answer.facts["class"] == label
        inputs = reading.floats(answer.facts, "at", [there.explored.inputs])
        assert inputs[4:].tolist() == [float(k == label) for k in range(10)]


def test_a_fixed_class_stays(room: Callable[[str], Room]) -> None:
    there = room("told")
    planted = there.explored.draw(there.explored.seed(5, 3)[None])[0]
    answer = ask(there, "project", target=as_bytes(planted), steps=20, **{"class": 6})
    assert answer.facts["class"] == 6
    assert int(reading.floats(answer.facts, "at", [there.explored.inputs])[4:].argmax()) == 6
    with pytest.raises(ConfigError, match="no class 10"):
        ask(there, "project", target=as_bytes(planted), steps=20, **{"class": 10})
    with pytest.raises(ConfigError, match="no class 0"):
        ask(room("plain"), "project", target=as_bytes(planted), steps=20, **{"class": 0})


@pytest.mark.parametrize("kind", ["bigan", "vae"])
def test_the_encoder_is_where_it_begins(room: Callable[[str], Room], kind: str) -> None:
    there = room(kind)
    explored = there.explored
    picture = explored.data.test_images[:1]
    answer = ask(
        there, "project", target=base64.b64encode(picture.numpy().tobytes()).decode(), steps=40, features=False
    )
    alone = psnr(explored.draw(explored.encoded(to_unit(picture)))[0], to_unit(picture)[0])
    assert answer.facts["encoder"] == pytest.approx(alone, abs=1e-4)
    assert answer.facts["psnr"] >= alone


def test_a_start_that_is_the_encoders_is_said(room: Callable[[str], Room], monkeypatch: pytest.MonkeyPatch) -> None:
    there = room("bigan")
    planted = there.explored.seed(31)[None]
    monkeypatch.setattr(type(there.explored), "encoded", lambda _self, _x: planted[:, : there.explored.dim])
    answer = ask(there, "project", target=as_bytes(there.explored.draw(planted)[0]), steps=1, features=False)
    assert answer.facts["start"] == "encoder"
    assert answer.facts["encoder"] > 45  # but for what rounding to bytes costs


def test_a_point_is_approached(room: Callable[[str], Room]) -> None:
    there = room("points")
    planted = there.explored.draw(there.explored.seed(7)[None])[0]
    answer = ask(there, "project", target=planted.tolist(), steps=200)
    found = drawn(there, answer)[0]
    assert answer.facts["distance"] == pytest.approx(float(np.linalg.norm(found - planted.numpy())), abs=1e-5)
    assert answer.facts["distance"] < 1e-3
    assert "psnr" not in answer.facts
    assert np.allclose(answer.arrays["samples"][0], found, atol=1e-6)


def test_it_is_looked_at_as_it_is_searched(room: Callable[[str], Room]) -> None:
    there = room("plain")
    look: dict[str, Any] = {"psi": 0.6, "off": [[0, 1, 0.0]]}
    planted = ask(there, "draw", places=[{"seed": 3}], **look).arrays["samples"]
    answer = ask(
        there, "project", target=base64.b64encode(planted.tobytes()).decode(), steps=200, features=False, **look
    )
    again = ask(there, "draw", places=[{"at": answer.facts["at"]}], **look).arrays["samples"]
    assert psnr(to_unit(torch.from_numpy(again)), to_unit(torch.from_numpy(planted))) >= 35


def test_what_there_is_so_far_and_the_end_of_it(room: Callable[[str], Room]) -> None:
    there = room("plain")
    told: list[Answer] = []

    def tell(_share: float, so_far: Answer | None = None) -> None:
        if so_far is not None:
            told.append(so_far)
        if len(told) == 5:
            raise CalledOffError

    with pytest.raises(CalledOffError):
        ask(there, "project", tell, target=as_bytes(torch.zeros(1, 8, 8)), steps=100)
    assert [answer.facts["step"] for answer in told] == [1, 2, 3, 4, 5]
    assert [len(answer.arrays["losses"]) for answer in told] == [1, 2, 3, 4, 5]
    assert told[-1].arrays["samples"].shape == (1, 1, 8, 8)


@pytest.mark.parametrize("target", [None, 7, "", "!!", base64.b64encode(bytes(63)).decode(), base64.b64encode(bytes(65)).decode(), "A" * 5000, [1, 2]])  # fmt: skip
def test_what_is_no_picture_of_this_size_is_refused(room: Callable[[str], Room], target: object) -> None:
    with pytest.raises(ConfigError, match="1 × 8 × 8 bytes"):
        ask(room("plain"), "project", target=target, steps=10)


def test_bad_wishes_are_refused(room: Callable[[str], Room]) -> None:
    good = as_bytes(torch.zeros(1, 8, 8))
    for bad in ({"steps": 0}, {"steps": 10**6}, {"steps": 1.5}, {"space": "x"}, {"space": "w"}, {"class": -1}):
        with pytest.raises(ConfigError):
            ask(room("plain"), "project", **({"target": good, "steps": 5} | bad))
    with pytest.raises(ConfigError):
        ask(room("points"), "project", target=[1e9, 0], steps=5)


def test_bytes_are_read_in_their_order() -> None:
    values = np.arange(2 * 3 * 5, dtype=np.uint8) * 8
    found = reading.picture({"x": base64.urlsafe_b64encode(values.tobytes()).decode().rstrip("=")}, "x", (2, 3, 5))
    assert np.allclose(found.numpy(), values.reshape(2, 3, 5) / 127.5 - 1, atol=1e-6)


def test_rows_and_latents_are_each_others_inverse(room: Callable[[str], Room]) -> None:
    for kind, space in (("found", "z"), ("told", "z"), ("plain", "z")):
        explored = room(kind).explored
        inputs = explored.many(5, 0)
        searched = Searched(explored, look_of(explored, {}), space)
        assert torch.equal(searched.latents(searched.rows(inputs)), inputs)
        assert torch.allclose(searched.draw(searched.rows(inputs)).clamp(-1, 1), explored.draw(inputs), atol=1e-6)


def test_going_beyond_white_costs_nothing_where_white_is_wanted(room: Callable[[str], Room]) -> None:
    explored = room("style").explored
    rows = explored.many(3, 0)
    out = Searched(explored, look_of(explored, {}), "z").draw(rows)
    target = to_unit(to_pixels(out[0] * 8))
    assert (target == 1).any()
    assert ((target > -1) & (target < 1)).any()
    seen = Searched(explored, look_of(explored, {}), "z", target).draw(rows)
    same = ((target == 1) & (out > 1)) | ((target == -1) & (out < -1))
    assert torch.equal(seen, torch.where(same, target.expand_as(out), out))


def test_features_have_a_slope_and_are_the_same() -> None:
    judge = classifier_of(_tiny_digits())
    assert judge is not None
    see = differentiable(judge)
    assert see is not None
    x = torch.rand(3, *_tiny_digits().shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x.requires_grad_()
    assert torch.allclose(see(x), judge.of(x.detach()), atol=1e-5)
    (slope,) = torch.autograd.grad(see(x).sum(), x)
    assert float(slope.abs().sum()) > 0
    stacked = torch.cat([x, -x, x / 2], 1)
    three = differentiable(ChannelFeatures(judge, 3))
    assert three is not None
    assert torch.allclose(three(stacked), ChannelFeatures(judge, 3).of(stacked.detach()), atol=1e-5)


def _tiny_digits() -> Any:
    from gan_core import data

    return data.load(_tiny.pictures().data)


def test_held_out_pictures_are_of_the_set(room: Callable[[str], Room]) -> None:
    there = room("plain")
    data = there.explored.data
    one, other = (ask(there, "held_out", count=6, seed=seed) for seed in (0, 1))
    assert one.arrays["pictures"].shape == (6, 1, 8, 8)
    assert not np.array_equal(one.arrays["pictures"], other.arrays["pictures"])
    for picture, label in zip(one.arrays["pictures"], one.facts["labels"], strict=True):
        rows = (data.test_images.numpy() == picture).all((1, 2, 3)).nonzero()[0]
        assert label in {data.class_names[int(data.test_labels[row])] for row in rows}
    assert not ask(room("points"), "held_out").arrays
