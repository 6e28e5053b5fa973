"""What is translated while somebody draws: the run's own translation bit for bit, what goes in checked at the border, and no question of
one kind answered by a run of the other."""

from __future__ import annotations

import base64
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import _explored
import _tiny
import pytest
import torch
from test_server_hub import say, scenario
from test_server_latent import SIGNER, heard, serving
from torch import Tensor

from gan_core import data as data_sets
from gan_core.config import replace
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_pixels, to_unit
from gan_core.errors import ConfigError, DataError, PlaygroundError, RunError
from gan_core.generate import load
from gan_core.latent.asking import LATENTS, READERS, TRANSLATION, Answer, asked_for
from gan_core.latent.explored import NO_LATENTS
from gan_core.latent.explorer import GONE, NOT_KEPT, Explorer, Room
from gan_core.runs.folder import RunFolder
from gan_core.runs.store import Store
from gan_core.training import new_trainer
from gan_core.translation import hand
from gan_core.translation.hand import NO_TRANSLATION, Moment

PIX2PIX = _tiny.pairs(generator__dropout=0.5, generator__norm="batch")
CYCLEGAN = _tiny.pairs(data__name="grey", data__image_size=32, method="cyclegan", generator__network="residual", generator__blocks=1,
                       generator__norm="instance", data__limit=64, identity_weight=0.0)  # fmt: skip
RUN = "edges-20260101-000000-abcdef"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """A run of each method with two saved moments, and one that draws from noise."""
    place = tmp_path_factory.mktemp("runs")
    configs = {"pix2pix": PIX2PIX, "cyclegan": CYCLEGAN, "points": _tiny.points()}
    return {name: _explored.saved_run(place / name, config, (1, 3)) for name, config in configs.items()}


def moment(folder: RunFolder, step: int = 3) -> Moment:
    found = Explorer(folder).about(TRANSLATION, step)
    assert isinstance(found, Moment)
    return found


def answer(where: Moment, name: str, **asked: Any) -> Answer:
    return asked_for(name).answer(where, asked, lambda share, so_far=None: None)


def sent(picture: Tensor) -> str:
    return base64.b64encode(picture.numpy().tobytes()).decode("ascii")


def drawn(*shape: int, seed: int = 4) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_it_is_the_translation_of_the_checkpoint(folders: dict[str, RunFolder], name: str, step: int) -> None:
    where = moment(folders[name], step)
    picture = drawn(*where.given_shape)
    found = answer(where, "translate", picture=sent(picture)).arrays
    saved = load(folders[name], step=step)
    data = data_sets.load(saved.config.data)
    assert isinstance(data, PairSet)
    players = saved.translators(data)
    made = players.sample(to_unit(picture)[None])
    assert torch.equal(torch.from_numpy(found["made"]), to_pixels(made))
    assert (where.step, found["made"].shape) == (step, (1, *data.shape))
    back = players.back(made)
    assert ("back" in found) is (back is not None) is (name == "cyclegan")
    if back is not None:
        assert torch.equal(torch.from_numpy(found["back"]), to_pixels(back))
        assert found["back"].shape == (1, *data.given_shape)


def test_moments_differ_and_an_answer_does_not(folders: dict[str, RunFolder]) -> None:
    picture = sent(drawn(1, 28, 28))
    first, again, later = (
        answer(moment(folders["pix2pix"], step), "translate", picture=picture).arrays["made"] for step in (1, 1, 3)
    )
    assert (first == again).all()  # dropout drops nothing
    assert (first != later).any()


def test_what_there_is_to_translate(folders: dict[str, RunFolder]) -> None:
    for name, facts in (
        ("pix2pix", {"given": [1, 28, 28], "made": [1, 28, 28], "back": False, "two": True}),
        ("cyclegan", {"given": [1, 32, 32], "made": [3, 32, 32], "back": True, "two": False}),
    ):
        where = moment(folders[name])
        said = answer(where, "translation")
        assert said.facts == facts
        held = torch.from_numpy(said.arrays["held"])
        assert held.shape == (12, *facts["given"])  # type: ignore[misc]
        data = where.players.data
        assert isinstance(data, PairSet)
        assert len({tuple(one.flatten().tolist()) for one in held}) == 12
        assert all((data.test_given == one).flatten(1).all(1).any() for one in held)
        assert (answer(moment(folders[name], 1), "translation").arrays["held"] == said.arrays["held"]).all()


def test_without_its_pictures_it_still_translates(
    folders: dict[str, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = sent(drawn(1, 32, 32))
    with_them = answer(moment(folders["cyclegan"]), "translate", picture=picture).arrays

    def gone(*_: Any) -> None:
        raise DataError("They were deleted.")

    monkeypatch.setattr(hand.data_sets, "load", gone)
    where = moment(folders["cyclegan"])
    assert all(
        (with_them[name] == made).all() for name, made in answer(where, "translate", picture=picture).arrays.items()
    )
    said = answer(where, "translation")
    assert said.arrays["held"].shape == (0, 1, 32, 32)
    assert said.facts["two"] is False


@pytest.mark.parametrize(
    "picture",
    [None, 3, "", "no base64!", sent(drawn(1, 28, 27)), sent(drawn(3, 28, 28)), "A" * 100_000, "é" * 1048, sent(drawn(1, 28, 28))[:-5]],
    ids=["nothing", "number", "empty", "no base64", "too short", "colour", "too long", "not ASCII", "cut short"],
)  # fmt: skip
def test_anything_else_than_a_picture_is_refused(folders: dict[str, RunFolder], picture: object) -> None:
    with pytest.raises(ConfigError, match="1 × 28 × 28 bytes of a picture, as base64") as refused:
        answer(moment(folders["pix2pix"]), "translate", picture=picture)
    assert len(str(refused.value)) < 200


def test_each_kind_of_run_answers_its_own_questions_alone(folders: dict[str, RunFolder], tmp_path: Path) -> None:
    with pytest.raises(RunError) as refused:
        Explorer(folders["points"]).about(TRANSLATION, 3)
    assert refused.value.template == NO_TRANSLATION
    with pytest.raises(RunError) as refused:
        Explorer(folders["pix2pix"]).about(LATENTS, 3)
    assert refused.value.template == NO_LATENTS
    assert isinstance(Explorer(folders["points"]).about(LATENTS, 3), Room)
    with pytest.raises(RunError) as refused:
        Explorer(folders["pix2pix"]).about(TRANSLATION, 2)
    assert refused.value.template == NOT_KEPT
    with pytest.raises(RunError) as refused:
        Explorer(RunFolder(tmp_path / "none")).about(TRANSLATION, 1)
    assert refused.value.template == GONE


def test_a_foreign_generator_translates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand.onnx_models, "is_kept", lambda _path: True)
    with pytest.raises(RunError) as refused:
        hand.moment_from(RunFolder(tmp_path), 0)
    assert refused.value.template == NO_TRANSLATION


def test_a_moment_is_read_once_and_stays_when_the_run_is_deleted(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", PIX2PIX, (1, 2))
    explorer = Explorer(folder)
    first = explorer.about(TRANSLATION, 2)
    assert first.nbytes > 1000  # type: ignore[union-attr]
    assert explorer.about(TRANSLATION, 2) is first
    shutil.rmtree(folder.path)
    assert explorer.about(TRANSLATION, 2) is first
    with pytest.raises(PlaygroundError) as refused:
        explorer.about(TRANSLATION, 1)
    assert refused.value.template == GONE


def test_what_is_being_read_keeps_nobody_waiting_and_is_read_once(
    folders: dict[str, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer = Explorer(folders["pix2pix"])
    first = explorer.about(TRANSLATION, 1)
    begun, let, read = threading.Event(), threading.Event(), []

    def slowly(folder: RunFolder, step: int) -> Moment:
        read.append(step)
        begun.set()
        assert let.wait(60)
        return hand.moment_from(folder, step)

    monkeypatch.setitem(READERS, TRANSLATION, slowly)
    with ThreadPoolExecutor(2) as pool:
        two = [pool.submit(explorer.about, TRANSLATION, 3) for _ in range(2)]
        assert begun.wait(60)
        assert explorer.about(TRANSLATION, 1) is first
        let.set()
        assert two[0].result(60) is two[1].result(60)
    assert read == [3]


def test_a_damaged_moment_says_so(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", PIX2PIX, (2,))
    saved = folder.read_state(2)
    folder.write_checkpoint(saved._replace(state=saved.state | {"ema": {}, "step": 4}))
    with pytest.raises(PlaygroundError, match="does not fit the run's settings"):
        Explorer(folder).about(TRANSLATION, 4)


@pytest.mark.parametrize("config", [PIX2PIX, CYCLEGAN], ids=["pix2pix", "cyclegan"])
def test_a_run_that_is_asked_meanwhile_stays_the_same(tmp_path: Path, config: Any) -> None:
    folder = _explored.saved_run(tmp_path / "run", config, (1,))
    trainer, other = new_trainer(config), new_trainer(config)
    where = moment(folder, 1)
    picture = sent(drawn(*where.given_shape))
    state = torch.get_rng_state()
    for _ in range(2):
        trainer.step()
        answer(where, "translation")
        answer(where, "translate", picture=picture)
        other.step()
    assert torch.equal(torch.get_rng_state(), state)
    _tiny.assert_same(trainer.state_dict(), other.state_dict())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path)
    _explored.saved_run(found.folder(RUN).path, replace(PIX2PIX, {"generator.dropout": 0.0}), (2,))
    return found


@scenario
async def test_it_is_asked_for_on_the_explorers_socket(store: Store) -> None:
    picture = drawn(1, 28, 28)
    async with serving(store) as server, server.viewer(SIGNER.issue(RUN, "view")) as (client, hello):
        assert hello["newest"] == 2
        await say(client, n=1, ask="translate", step=2, picture=sent(picture))
        header, arrays = await heard(client)
        assert (header["n"], header["step"], header["share"]) == (1, 2, 1)
        expected = answer(moment(store.folder(RUN), 2), "translate", picture=sent(picture)).arrays["made"]
        assert (arrays["made"] == expected).all()
        for n, asked in enumerate(
            ({"ask": "translate", "picture": "no"}, {"ask": "about"}, {"ask": "draw", "places": [{"seed": 0}]})
        ):
            await say(client, n=n, step=2, **asked)
            failed = (await heard(client))["failed"]
            assert failed["kind"] == ("RunError" if n else "ConfigError")
            assert failed["message"].startswith("This run translates pictures" if n else "picture='no'")
