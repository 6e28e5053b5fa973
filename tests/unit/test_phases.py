"""A step in slow motion: it is the ordinary step, bit for bit, and what it shows is what it does."""

from __future__ import annotations

import math
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from gan_core import formulas, registry
from gan_core.config import RunConfig, replace
from gan_core.phases import BOTH, CODES, D_ONLY, G_ONLY, places, rounds
from gan_core.runs.checkpoint import copy_state
from gan_core.runs.phase_view import ROWS, PhaseView, Reader
from gan_core.trainer import Trainer

VARIANTS: dict[str, RunConfig] = {
    "several of each": _tiny.points(k_d=2, k_g=2, instance_noise=0.1),
    "a resting discriminator": _tiny.points(k_d=0),
    "a resting generator": _tiny.points(k_g=0),
    "accumulation": _tiny.points(accumulation=4, k_g=2, penalty="wgan_gp", label_flip=0.2),
    "clipping": _tiny.points(penalty="weight_clipping", penalty_weight=0.05, loss="wasserstein", grad_clip=0.01),
    "a lazy penalty": _tiny.points(penalty_interval=2, penalty="wgan_gp"),
    "no average": _tiny.points(ema_half_life=0.0),
    "a schedule": _tiny.points(schedule="cosine", horizon=100, lr_final=0.1, ema_ramp=0.5),
    "other optimisers": _tiny.points(g_optimizer__name="sgd", g_optimizer__momentum=0.5, d_optimizer__name="rmsprop"),
    "batch normalisation": _tiny.points(generator__norm="batch", discriminator__norm="batch", penalty="none", loss="hinge"),
    "spectral normalisation": _tiny.points(discriminator__spectral_norm=True, penalty="r1"),
    "pictures": _tiny.pictures(generator__norm="batch", penalty="r1", instance_noise=0.1),
    "pictures, spectral": _tiny.pictures(discriminator__spectral_norm=True, accumulation=2, loss="hinge", penalty="none"),
}  # fmt: skip


def slowly(trainer: Trainer, players: str = BOTH) -> list[PhaseView]:
    """A step with everything that can be looked at in between."""
    reader, seen = Reader(trainer, players), []
    for phase in trainer.phases(players):
        seen.append(reader.read(phase))
        trainer.sample(trainer.preview.latents)  # as the picture is drawn while it stands still
        trainer.sample(trainer.preview.latents, averaged=False)
        trainer.critic(trainer.preview.real[:8] if trainer.pictures is None else torch.zeros(2, *trainer.data.shape))
    return seen


def same_steps(config: RunConfig, steps: int = 3) -> None:
    plain, slow = _tiny.trained(config, 0), _tiny.trained(config, 0)
    for _ in range(steps):
        plain.step()
        seen = slowly(slow)
        assert [view.place for view in seen] == places(config)
    _tiny.assert_same(plain.state_dict(), slow.state_dict())
    assert repr(plain.read_stats()) == repr(slow.read_stats())


@pytest.mark.parametrize(("loss", "penalty"), _tiny.objectives())
def test_the_phases_are_the_step_for_every_objective(loss: str, penalty: str) -> None:
    config = _tiny.with_objective(loss, penalty, instance_noise=0.05)
    assert config is not None
    same_steps(config, 2)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_phases_are_the_step_whatever_changes_it(name: str) -> None:
    same_steps(VARIANTS[name])


@pytest.mark.parametrize(
    "config", [_tiny.points(k_d=2, k_g=3), _tiny.points(k_d=0), _tiny.points(k_g=0), _tiny.pictures()]
)
def test_one_player_alone(config: RunConfig) -> None:
    trainer = _tiny.trained(config, 2)
    for players, rests in ((D_ONLY, "generator"), (G_ONLY, "discriminator")):
        before = copy_state(trainer.state_dict())
        slow = _tiny.trained(config, 2)
        slow.load_state_dict(before)
        trainer.step(players)
        slowly(slow, players)
        _tiny.assert_same(slow.state_dict(), trainer.state_dict())
        _tiny.assert_same(before[rests], trainer.state_dict()[rests])
        assert trainer.step_count == before["step"] + 1
        assert trainer.images == before["images"] + config.batch_size * max(config.k_d, 1)
        moved = not all(torch.equal(a, before["ema"][name]) for name, a in trainer.state_dict()["ema"].items())
        assert moved is (players == G_ONLY)


def test_a_player_alone_learns_although_it_rests_otherwise() -> None:
    assert rounds(_tiny.points(k_d=0, k_g=2), D_ONLY) == (1, 0)
    assert rounds(_tiny.points(k_d=2, k_g=0), G_ONLY) == (0, 1)
    assert rounds(_tiny.points(k_d=5, k_g=2), D_ONLY) == (5, 0)
    assert rounds(_tiny.points(k_d=5, k_g=2)) == (5, 2)


def test_every_phase_says_which_repetition_it_is() -> None:
    found = [tuple(place) for place in places(_tiny.points(k_d=2, k_g=1, accumulation=2))]
    assert found[:6] == [(code, 1, 2, 1, 2) for code in CODES[:5]] + [("d.batch", 1, 2, 2, 2)]
    assert found[10] == ("d.update", 1, 2, 2, 2)
    assert found[11] == ("d.batch", 2, 2, 1, 2)
    assert found[22] == ("g.fakes", 1, 1, 1, 2)
    assert found[-1] == ("end", 1, 1, 1, 1)
    assert len(found) == 2 * 11 + 9 + 1


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_shown_of_the_discriminators_part() -> None:
    config = _tiny.points(
        loss="non_saturating", penalty="r1", penalty_weight=0.5, d_optimizer__name="sgd", d_optimizer__lr=0.1
    )
    trainer = _tiny.trained(config, 3)
    before = {name: p.detach().clone() for name, p in trainer.d.named_parameters()}
    reader, views, logits = Reader(trainer), {}, {}
    for phase in trainer.phases():
        views[phase[0]] = view = reader.read(phase)
        if phase[0] == "d.judge":
            logits = {which: trainer.critic(torch.from_numpy(view.arrays[which])) for which in ("real", "fake")}
    judged, lost, updated = views["d.judge"], views["d.loss"], views["d.update"]
    for which in ("real", "fake"):
        assert judged.arrays[which].shape == (config.batch_size, 2)
        np.testing.assert_allclose(judged.arrays[f"{which}_logits"], logits[which], rtol=1e-4, atol=1e-6)
        assert judged.values[f"d_{which}"] == pytest.approx(float(logits[which].mean()), abs=1e-6)
    each = softplus(-logits["real"]) + softplus(logits["fake"])
    np.testing.assert_allclose(lost.arrays["losses"], each, rtol=1e-4)
    assert lost.values["loss"] == pytest.approx(float(each.mean()), rel=1e-5)
    assert lost.values["weight"] == 0.5
    assert lost.values["total"] == pytest.approx(lost.values["loss"] + 0.5 * lost.values["penalty"], rel=1e-5)
    assert updated.layers == tuple(before)
    # Plain descent: what the weights changed by is the rate times the gradient, layer by layer.
    np.testing.assert_allclose(
        updated.arrays["change_norms"], 0.1 * views["d.gradients"].arrays["gradient_norms"], rtol=1e-4
    )
    assert updated.values["change"] == pytest.approx(0.1 * views["d.gradients"].values["gradient"], rel=1e-4)
    assert updated.values["rate"] == 0.1


def test_the_pull_on_each_sample_is_its_own_losss_slope() -> None:
    trainer = _tiny.trained(_tiny.points(loss="non_saturating", penalty="none", data__name="grid"), 5)
    reader = Reader(trainer)
    slope = None
    for phase in trainer.phases():
        view = reader.read(phase)
        if phase[0] == "g.fakes":  # central differences of −log σ(D(x)), in data units
            fake = torch.from_numpy(view.arrays["fake"]).double()
            d = trainer.d.double()
            nudge = torch.eye(2, dtype=torch.float64) * 1e-5

            def loss(x: torch.Tensor, d: torch.nn.Module = d) -> torch.Tensor:
                return softplus(-d(x / trainer.data.scale))

            with torch.no_grad():
                slope = torch.stack([(loss(fake + h) - loss(fake - h)) / 2e-5 for h in nudge], 1)
            trainer.d.float()
        if phase[0] == "g.gradients":
            assert slope is not None
            np.testing.assert_allclose(view.arrays["pull"], slope, rtol=1e-3, atol=1e-5)
            assert view.values["pull"] == pytest.approx(float(slope.norm(dim=1).mean()), rel=1e-3)


def test_no_more_rows_than_can_be_seen_and_none_that_change_later() -> None:
    trainer = _tiny.trained(_tiny.points(batch_size=500, latent__dim=3), 1)
    views = slowly(trainer)
    kept = [{name: a.copy() for name, a in view.arrays.items()} for view in views]
    slowly(trainer)
    for view, copies in zip(views, kept, strict=True):
        assert all(np.array_equal(view.arrays[name], a) for name, a in copies.items())
        rows = {len(a) for name, a in view.arrays.items() if not name.endswith("_norms")}
        assert rows <= {ROWS}
    assert views[1].values["samples"] == 500
    assert views[1].arrays["latents"].shape == (ROWS, 3)


def test_a_lazy_penalty_is_shown_when_it_counts() -> None:
    trainer = _tiny.trained(_tiny.points(penalty="r1", penalty_weight=0.5, penalty_interval=2), 0)
    first, second = ({v.place.code: v for v in slowly(trainer)}["d.loss"] for _ in range(2))
    assert first.values["weight"] == 1.0
    assert "penalty" not in second.values
    assert ("‖∇D(x)‖" in first.formula, "‖∇D(x)‖" in second.formula) == (True, False)


def test_pictures_show_numbers_and_no_points() -> None:
    for view in slowly(_tiny.trained(_tiny.pictures(), 1)):
        assert not {"real", "fake", "pull"} & view.arrays.keys()
        assert all(math.isfinite(v) for v in view.values.values())
        assert view.values


@pytest.mark.parametrize("name", list(registry.loss))
def test_every_loss_says_what_each_player_minimises(name: str) -> None:
    d, g = formulas.of_losses(name)
    assert d.startswith("L_D = ")
    assert g.startswith("L_G = ")
    assert "L_G" not in d


@pytest.mark.parametrize("kind", ["penalty", "optimizer"])
def test_every_formula_is_without_its_source(kind: str) -> None:
    for entry in getattr(registry, kind).entries():
        text = formulas.of_penalty(entry.name) if kind == "penalty" else formulas.of_update(entry.name)
        assert (len(text) > 5) is (entry.name != "none")
        assert not any(author in text for author in ("et al", "20"))


@pytest.mark.parametrize("changes", [{}, {"penalty": "none"}, {"penalty": "weight_clipping", "loss": "wasserstein"}])
def test_formulas_of_the_phases(changes: dict[str, Any]) -> None:
    config = replace(_tiny.points(), changes)
    shown = {v.place.code: v.formula for v in slowly(_tiny.trained(config, 0))}
    assert [code for code, text in shown.items() if text] == ["d.loss", "d.update", "g.loss", "g.update", "end"]
    assert ("\n+ " in shown["d.loss"]) is (not changes)
    assert ("clip(" in shown["d.update"]) is (changes.get("penalty") == "weight_clipping")
