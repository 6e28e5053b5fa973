"""A generator as it is explored: the run's own, exactly, from its files, whatever else goes on."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch

from gan_core import generate
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ConfigError, RunError
from gan_core.latent.explored import explored_from, facts_of
from gan_core.latent.explorer import AXES, Explorer, Explorers
from gan_core.runs.store import Store

KINDS: dict[str, RunConfig] = {
    "points": _tiny.points(),
    "sphere": _tiny.points(latent__distribution="sphere"),
    "mlp": _tiny.pictures(generator__network="mlp", discriminator__network="mlp"),
    "dcgan": _tiny.pictures(),
    "told": _tiny.pictures(**_explored.TOLD),
    "norm": _tiny.pictures(
        generator__conditioning="norm", generator__norm="batch", discriminator__conditioning="projection"
    ),
    "found": _tiny.pictures(**_explored.FOUND),
    "styles": _tiny.pictures(**_explored.STYLES),
    "residual": _tiny.pictures(generator__network="r3gan", discriminator__network="r3gan"),
    "packed": _tiny.pictures(discriminator__packing=2),
    "together": _tiny.pictures(discriminator__minibatch_std=True),
    "vae": _tiny.pictures(method="vae", penalty="none"),
    "bigan": _tiny.pictures(method="bigan"),
}


@pytest.fixture(scope="module", params=KINDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return _explored.saved_run(tmp_path_factory.mktemp("run") / request.param, KINDS[request.param])


def test_a_seed_gives_the_first_sample_of_that_seed(run: Any) -> None:
    explored = explored_from(run)
    for seed in (0, 7):
        assert torch.equal(explored.draw(explored.seed(seed)[None]), generate.load(run).sample(1, seed))


def test_what_is_drawn_is_what_the_players_draw(run: Any) -> None:
    explored = explored_from(run)
    latents = explored.many(5, 1)
    assert torch.equal(explored.draw(latents), explored.players.sample(latents))


def test_it_says_what_it_is(run: Any) -> None:
    explored = explored_from(run)
    facts = facts_of(explored)
    assert facts["inputs"] == explored.seed(0).shape[0]
    assert facts["shape"] == list(explored.draw(explored.seed(0)[None]).shape[1:])
    assert facts["judged"] == (explored.config.method != "vae")
    assert facts["encodes"] == (explored.config.method in ("vae", "bigan"))
    assert bool(facts["layers"]) == facts["styles"]
    assert facts["step"] == 2


def test_scores_are_those_of_d(run: Any) -> None:
    explored = explored_from(run)
    latents = explored.many(3, 2)
    samples = explored.draw(latents)
    scores = explored.scores(samples, latents)
    if explored.config.method == "vae":
        assert bool(scores.isnan().all())
        return
    assert bool(scores.isfinite().all())
    each = torch.cat([explored.scores(samples[i : i + 1], latents[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(scores, each, atol=1e-5, rtol=1e-5)
    if explored.config.discriminator.packing == 1 and not explored.config.discriminator.minibatch_std:
        labels = latents[:, -explored.config.classes :] if explored.config.classes else None
        torch.testing.assert_close(scores, explored.players.critic(samples, labels))


def test_truncated_to_nothing_leaves_one_picture(run: Any) -> None:
    explored = explored_from(run)
    latents = explored.many(4, 3)
    if explored.behind:
        latents[:, explored.dim :] = latents[0, explored.dim :]
    drawn = explored.draw(latents, 0.0)
    assert torch.equal(drawn, drawn[:1].expand_as(drawn))
    assert torch.equal(explored.draw(latents, explored.usual_psi), explored.draw(latents))


def test_training_is_not_looked_at_and_not_waited_for(tmp_path: Path) -> None:
    trainer = _tiny.trained(_tiny.points(), 3)
    before = trainer.state_dict()
    kept = {name: value.clone() for name, value in _tiny.flat(before) if isinstance(value, torch.Tensor)}
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (3,))
    explored = explored_from(folder)
    explored.scores(explored.draw(explored.many(100, 0)))
    after = dict(_tiny.flat(trainer.state_dict()))
    assert all(torch.equal(value, after[name]) for name, value in kept.items())


def test_styles_are_drawn_as_the_latents_they_come_from() -> None:
    explored = _explored.explored(KINDS["styles"])
    latents = explored.many(3, 0)
    ws = explored.styles(latents)
    assert ws.shape == (3, len(explored.layer_names), explored.dim)
    torch.testing.assert_close(explored.draw(ws), explored.draw(latents), atol=1e-5, rtol=1e-5)
    middle = explored.mean_style.expand(1, len(explored.layer_names), -1)
    torch.testing.assert_close(explored.draw(ws, 0.0)[:1], explored.draw(middle, 1.0), atol=1e-5, rtol=1e-5)


def test_only_a_style_based_generator_has_styles() -> None:
    explored = _explored.explored(KINDS["dcgan"])
    with pytest.raises(ConfigError, match="style-based"):
        explored.styles(explored.many(1, 0))
    with pytest.raises(ConfigError, match="style-based"):
        explored.draw(torch.zeros(1, 3, explored.dim))


def test_classes_are_asked_for_and_categories_have_letters() -> None:
    told, found = _explored.explored(KINDS["told"]), _explored.explored(KINDS["found"])
    assert told.class_names == [str(k) for k in range(10)]
    assert found.class_names == list("ABCDEFGHIJ")
    assert told.classes_of(told.seed(1, 6)[None]) == 6
    assert found.seed(1, 2)[4:14].argmax() == 2
    assert torch.equal(found.seed(1, 2)[14:], found.seed(1)[14:])
    with pytest.raises(ConfigError, match="class 10"):
        told.seed(0, 10)
    with pytest.raises(ConfigError, match="class 0"):
        _explored.explored(KINDS["dcgan"]).seed(0, 0)


def test_an_encoder_encodes() -> None:
    for kind in ("vae", "bigan"):
        explored = _explored.explored(KINDS[kind])
        pictures = explored.draw(explored.many(3, 0))
        codes = explored.encoded(pictures)
        assert codes.shape == (3, explored.dim)
        torch.testing.assert_close(explored.draw(codes), explored.players.rebuilt(pictures))
    with pytest.raises(ConfigError, match="no encoder"):
        _explored.explored(KINDS["dcgan"]).encoded(torch.zeros(1, 1, 8, 8))


def test_switching_channels_leaves_the_generator_as_it_is() -> None:
    explored = _explored.explored(KINDS["dcgan"])
    latents = explored.many(2, 0)
    before = explored.draw(latents)
    with explored.switched({(0, 0): 0.0, (0, 1): 3.0}) as g:
        assert not torch.equal(explored.draw(latents, g=g), before)
        assert torch.equal(explored.draw(latents), before)
    with explored.switched({}) as g:
        assert torch.equal(explored.draw(latents, g=g), before)


# ── moments ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_kept_moment_is_itself(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (2, 5))
    explorer = Explorer(folder)
    assert explorer.steps() == [2, 5]
    assert explorer.newest() == 5
    early, late = explorer.room(2).explored, explorer.room(5).explored
    assert (early.step, late.step) == (2, 5)
    z = early.many(4, 0)
    assert not torch.equal(early.draw(z), late.draw(z))
    assert explorer.room(2).explored is early


def test_a_few_moments_stay_in_memory_and_large_ones_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (1, 2, 3))
    explorer = Explorer(folder)
    first = explorer.room(1).explored
    assert first.nbytes == sum(t.nbytes for m in (first.g, first.players.d) for t in m.parameters())
    explorer.room(2)
    explorer.room(3)
    assert explorer.room(1).explored is first
    monkeypatch.setattr("gan_core.latent.explorer._BYTES", first.nbytes)
    explorer = Explorer(folder)
    first = explorer.room(1).explored
    explorer.room(2)
    assert explorer.room(1).explored is first
    second = explorer.room(2).explored
    explorer.room(3)
    assert explorer.room(2).explored is second
    assert explorer.room(1).explored is not first


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (2, 5))
    explorer = Explorer(folder)
    room = explorer.room(5)
    with pytest.raises(RunError, match="Step 3"):
        explorer.room(3)
    shutil.rmtree(folder.path)
    for asked in (explorer.newest, lambda: explorer.room(2)):
        with pytest.raises(RunError, match="deleted"):
            asked()
    assert explorer.room(5).explored is room.explored  # what is in memory stays


def test_a_run_of_which_nothing_is_saved_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Nothing of this run is saved yet"):
        Explorer(_explored.saved_run(tmp_path / "run", _tiny.points(), ())).newest()


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (2, 5))
    file = folder.states()[5]
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a whole checkpoint"):
        Explorer(folder).room(5)


def test_a_checkpoint_of_other_settings_is_named(tmp_path: Path) -> None:
    folder = _explored.saved_run(tmp_path / "run", _tiny.points(), (2,))
    other = _explored.saved_run(tmp_path / "other", _tiny.points(generator__hidden=(5,)), (2,))
    saved, wrong = folder.read_state(2), other.read_state(2)
    folder.write_checkpoint(saved._replace(state=wrong.state))
    with pytest.raises(CheckpointError, match="does not fit"):
        Explorer(folder).room(2)


def test_explorers_are_shared_and_take_only_run_ids(tmp_path: Path) -> None:
    explorers = Explorers(Store(tmp_path).folder)
    assert explorers.of("ring-20260101-000000-abcdef") is explorers.of("ring-20260101-000000-abcdef")
    with pytest.raises(RunError):
        explorers.of("../../etc")


# ── what every tool begins with ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_is_drawn_and_described(kind: str) -> None:
    room = _explored.room(KINDS[kind])
    explored = room.explored
    found = _explored.answer(room, "draw", places=[{"seed": 3}, {"seed": 4}], more=True)
    samples = explored.draw(torch.stack([explored.seed(3), explored.seed(4)]))
    if explored.config.kind == "points":
        assert torch.equal(torch.from_numpy(found.arrays["samples"]), samples)
    else:
        torch.testing.assert_close(
            torch.from_numpy(found.arrays["samples"]).float() / 127.5 - 1, samples, atol=0.0041, rtol=0
        )
    again = [room.settled({"at": at}) for at in found.facts["at"]]
    assert torch.equal(torch.stack(again), torch.stack([explored.seed(3), explored.seed(4)]))
    assert math.isclose(found.facts["norms"][0], float(explored.seed(3)[: explored.dim].norm()), rel_tol=1e-6)
    assert (found.facts["logits"][0] is None) == (explored.config.method == "vae")


def test_the_points_behind_the_current_one_are_looked_at_as_it_is() -> None:
    room = _explored.room(KINDS["points"])
    about = _explored.answer(room, "about").arrays
    assert np.array_equal(_explored.answer(room, "background").arrays["fake"], about["fake"])
    latents = torch.from_numpy(about["latents"])
    shrunk = room.explored.data.to_units(room.explored.g(latents * 0.4))  # type: ignore[union-attr]
    found = _explored.answer(room, "background", psi=0.4).arrays["fake"]
    assert np.allclose(found, shrunk.detach().numpy(), atol=1e-5)
    silent = _explored.answer(room, "background", off=[[0, 0, 0.0]]).arrays["fake"]
    assert not np.allclose(silent, about["fake"])
    with pytest.raises(ConfigError, match="makes pictures"):
        _explored.answer(_explored.room(KINDS["dcgan"]), "background")


def test_the_chance_is_said_where_the_output_means_one() -> None:
    found = _explored.answer(
        _explored.room(_tiny.pictures(loss="non_saturating")), "draw", places=[{"seed": 0}], more=True
    )
    assert found.facts["chances"][0] == pytest.approx(1 / (1 + math.exp(-found.facts["logits"][0])))
    found = _explored.answer(
        _explored.room(_tiny.pictures(loss="wasserstein")), "draw", places=[{"seed": 0}], more=True
    )
    assert found.facts["chances"] == [None]


def test_latents_and_styles_are_drawn_together() -> None:
    room = _explored.room(KINDS["styles"])
    both = _explored.answer(room, "draw", places=[{"seed": 0}, {"mix": [{"seed": 0}, {"seed": 1}], "from": 2}])
    alone = _explored.answer(room, "draw", places=[{"seed": 0}])
    assert (both.arrays["samples"][0] == alone.arrays["samples"][0]).all()


@pytest.mark.parametrize("bad", [{}, {"places": []}, {"places": [{"seed": 0}] * 129}, {"places": [{"seed": 0}], "psi": "1"}, {"places": [{"seed": 0}], "psi": 9},
                                 {"places": [{"seed": 0}], "off": [[0, 0]]}, {"places": [{"seed": 0}], "off": [[0, 999, 0]]}, {"places": [{"seed": 0}], "more": "yes"}])  # fmt: skip
def test_bad_questions_are_refused_in_words(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        _explored.answer(_explored.room(KINDS["dcgan"]), "draw", **bad)


# ── directions without labels ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["axes", "ganspace", "sefa", "chance"])
def test_found_directions_move_places(kind: str, how: str) -> None:
    room = _explored.room(KINDS[kind])
    for space in ("z", "w") if room.explored.has_styles else ("z",):
        found = _explored.answer(room, "find", how=how, space=space, count=3)
        known = room.find(found.facts["name"])
        torch.testing.assert_close(known.directions.vectors.norm(dim=1), torch.ones(len(known.directions)))
        assert bool((known.directions.sigma > 0).all())
        moved = {"moved": {"seed": 0}, "by": [[found.facts["name"], 0, 2.0]]}
        assert not torch.equal(
            room.settled(moved)[..., : room.explored.dim], room.settled({"seed": 0})[: room.explored.dim]
        )


def test_the_first_layer_is_factorised() -> None:
    room = _explored.room(_tiny.points(latent__dim=5))
    weight = room.explored.g[0].weight.detach()  # type: ignore[index, union-attr]
    _explored.answer(room, "find", how="sefa", count=5)
    rows = weight / weight.norm(dim=1, keepdim=True)
    _values, vectors = torch.linalg.eigh((rows.t() @ rows).double())
    found = room.find("sefa.z.2.5").directions.vectors
    torch.testing.assert_close(
        (found[0].double() @ vectors[:, -1]).abs(), torch.tensor(1.0, dtype=torch.float64), atol=1e-5, rtol=0
    )


def test_axes_are_always_there() -> None:
    room = _explored.room(KINDS["found"])
    known = room.find(AXES)
    assert len(known.directions) == 4 + 2  # a continuous code is a coordinate, too
    moved = room.settled({"moved": {"seed": 0}, "by": [[AXES, 5, 1.0]]}) - room.settled({"seed": 0})
    assert moved.nonzero().flatten().tolist() == [15]


def test_w_is_for_styles_only() -> None:
    with pytest.raises(ConfigError, match="style-based"):
        _explored.answer(_explored.room(KINDS["dcgan"]), "find", how="ganspace", space="w")
