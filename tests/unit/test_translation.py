"""pix2pix and CycleGAN: their steps against the papers' written out, what they keep, and what is seen of them."""

from __future__ import annotations

import copy
from pathlib import Path

import _tiny
import pytest
import torch
from _eyes import Corners
from torch import Tensor, nn

from gan_core import config as settings
from gan_core import formulas, presets
from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.generate import load
from gan_core.metrics import kernel
from gan_core.metrics.features import Judges
from gan_core.metrics.frechet import frechet_distance
from gan_core.networks.translation import Both
from gan_core.runs import headless
from gan_core.runs.frames import pack
from gan_core.runs.headless import describe_evaluation, evaluate
from gan_core.runs.keeping import Score
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer
from gan_core.training import new_trainer
from gan_core.translation import objectives
from gan_core.translation.history import History
from gan_core.translation.trainer import TranslationTrainer

METHODS = {
    "pix2pix": _tiny.pairs(generator__dropout=0.5, generator__norm="batch", k_d=2),
    "cyclegan": _tiny.pairs(data__name="styles", data__image_size=32, history=8, loss="least_squares", generator__network="residual",
                            generator__blocks=1, generator__norm="instance"),
    "relativistic": _tiny.pairs(loss="relativistic", instance_noise=0.1, grad_clip=1.0),
}  # fmt: skip


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ── objectives ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_errors_are_means_of_absolute_differences() -> None:
    a, b, c, d = (torch.randn(2, 3, 4, 4, generator=rng(i)) for i in range(4))
    mean = nn.L1Loss()
    assert objectives.absolute(a, b) == mean(a, b)
    assert objectives.cycle(a, b, c, d) == mean(b, a) + mean(d, c)
    assert objectives.identity(a, b, c, d) == mean(b, a) + mean(d, c)


# ── a step, written out ──────────────────────────────────────────────────────────────────────────────────────────────────


def adam(module: nn.Module, lr: float) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=lr, betas=(0.5, 0.999))


def batches(trainer: TranslationTrainer) -> list[tuple[Tensor, Tensor]]:
    """The next two batches, without taking them."""
    other = new_trainer(trainer.config, trainer.data)
    assert isinstance(other, TranslationTrainer)
    return [other._batch() for _ in range(2)]


def close(module: nn.Module, expected: nn.Module) -> None:
    for (name, ours), theirs in zip(module.state_dict().items(), expected.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6, msg=name)


def test_a_step_of_pix2pix() -> None:
    """Isola et al. 2017, equations 1 to 4: D on (x, y) and (x, G(x)), then G on −log D(x, G(x)) + 100 ‖y − G(x)‖₁."""
    c = _tiny.pairs(g_optimizer__beta1=0.5, d_optimizer__beta1=0.5, g_optimizer__beta2=0.999, d_optimizer__beta2=0.999)
    trainer = new_trainer(c)
    assert isinstance(trainer, TranslationTrainer)
    g, d = copy.deepcopy(trainer.g), copy.deepcopy(trainer.d)
    (x, y), (x2, y2) = batches(trainer)
    bce, own_g, own_d = nn.BCEWithLogitsLoss(), adam(g, c.g_optimizer.lr), adam(d, c.d_optimizer.lr)
    fake = g(x).detach()
    real_logits, fake_logits = d(y, x), d(fake, x)
    loss = bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))
    own_d.zero_grad(), loss.backward(), own_d.step()
    made = g(x2)
    logits = d(made, x2)
    own_g.zero_grad()
    l1 = (made - y2).abs().mean()
    (bce(logits, torch.ones_like(logits)) + 100 * l1).backward()
    own_g.step()
    trainer.step()
    close(trainer.d, d)
    close(trainer.g, g)
    stats = trainer.read_stats()
    assert stats.l1 == pytest.approx(float(l1), rel=1e-5)
    assert stats.d_loss == pytest.approx(float(loss), rel=1e-5)


def test_a_step_of_cyclegan() -> None:
    """Zhu et al. 2017, equations 1 to 3 with squared errors, and the identity loss of section 5.2; without a history."""
    c = _tiny.pairs(data__name="styles", data__image_size=32, history=0, loss="least_squares", cycle_weight=10.0, identity_weight=0.5,
                    g_optimizer__beta1=0.5, d_optimizer__beta1=0.5, g_optimizer__beta2=0.999, d_optimizer__beta2=0.999)  # fmt: skip
    trainer = new_trainer(c)
    assert isinstance(trainer, TranslationTrainer)
    g, d = copy.deepcopy(trainer.g), copy.deepcopy(trainer.d)
    assert isinstance(g, Both)
    assert isinstance(d, Both)
    (x, y), (x2, y2) = batches(trainer)
    own_g, own_d = adam(g, c.g_optimizer.lr), adam(d, c.d_optimizer.lr)

    def squared(logits: Tensor, target: float) -> Tensor:
        return ((logits - target) ** 2).mean() / 2

    fake_y, fake_x = g.there(x).detach(), g.back(y).detach()
    loss = squared(d.there(y), 1) + squared(d.there(fake_y), 0) + squared(d.back(x), 1) + squared(d.back(fake_x), 0)
    own_d.zero_grad(), loss.backward(), own_d.step()
    fake_y, fake_x = g.there(x2), g.back(y2)
    cycle = (g.back(fake_y) - x2).abs().mean() + (g.there(fake_x) - y2).abs().mean()
    stay = (g.back(x2) - x2).abs().mean() + (g.there(y2) - y2).abs().mean()
    total = squared(d.there(fake_y), 1) + squared(d.back(fake_x), 1) + 10 * cycle + 5 * stay
    own_g.zero_grad(), total.backward(), own_g.step()
    trainer.step()
    close(trainer.d, d)
    close(trainer.g, g)
    stats = trainer.read_stats()
    assert (stats.cycle, stats.identity) == pytest.approx((float(cycle) / 2, float(stay) / 2), rel=1e-5)
    assert stats.g_loss == pytest.approx(float(total), rel=1e-5)


def test_pairs_are_learned_from_only_where_they_are_asked_for() -> None:
    paired, cycled = new_trainer(METHODS["pix2pix"]), new_trainer(METHODS["cyclegan"])
    for trainer, partners in ((paired, True), (cycled, False)):
        assert isinstance(trainer, TranslationTrainer)
        into, out = to_unit(trainer.data.given), to_unit(trainer.data.images)
        given, real = trainer._batch()
        rows = [int((into == one).flatten(1).all(1).nonzero()[0]) for one in given]
        others = [int((out == one).flatten(1).all(1).nonzero()[0]) for one in real]
        assert (rows == others) is partners


# ── the history ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def numbered(first: int, n: int) -> Tensor:
    return torch.arange(first, first + n, dtype=torch.float32).view(n, 1, 1, 1)


def test_a_history_gives_back_half_of_earlier_ones() -> None:
    history, draw = History(50, (1, 1, 1), torch.device("cpu")), rng(1)
    first = numbered(0, 30)
    assert torch.equal(history.exchange(first, draw), first)  # there is room
    given = history.exchange(numbered(30, 30), draw)
    assert history.count == 50
    assert torch.equal(given[:20], numbered(30, 20))
    earlier, seen = 0, []
    for turn in range(400):
        new = numbered(60 + 4 * turn, 4)
        back = history.exchange(new, draw)
        assert float(back.max()) <= float(new.max())  # of the future there is nothing
        earlier += int((back != new).sum())
        seen += back.flatten().tolist()
    assert earlier / 1600 == pytest.approx(0.5, abs=0.05)
    assert len(set(seen)) == len(seen)  # what is given back is gone
    assert len(history.kept.unique()) == 50


def test_a_history_of_nothing() -> None:
    history = History(0, (1, 1, 1), torch.device("cpu"))
    assert torch.equal(history.exchange(numbered(0, 3), rng()), numbered(0, 3))


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def copied(trainer: Trainer) -> dict[str, object]:
    return copy.deepcopy(trainer.state_dict())


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_going_on_is_bit_for_bit_the_same(config: RunConfig) -> None:
    whole = _tiny.trained(config, 3)
    half = copied(whole)
    for _ in range(3):
        whole.step()
    other = new_trainer(config)
    other.load_state_dict(half)
    for _ in range(3):
        other.step()
    _tiny.assert_same(copied(whole), copied(other))


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_looking_changes_nothing(config: RunConfig) -> None:
    plain, looked = _tiny.trained(config, 2), _tiny.trained(config, 2)
    players = looked.players
    players.sample(looked.preview.latents)
    players.sample(players.draw(5, rng()), averaged=False)
    players.critic(to_unit(looked.preview.real), looked.preview.labels)
    for trainer in (plain, looked):
        trainer.step()
    _tiny.assert_same(copied(plain), copied(looked))


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_a_run_is_seen_kept_and_looked_back_at(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gan_core.runs.darkroom import Darkroom
    from gan_core.runs.store import Store

    store = Store(tmp_path)
    from gan_core.runs import facts

    folder = store.folder("run-20260101-000000-000000")
    folder.create(config, facts.of_new("run-20260101-000000-000000", "me", config))
    session = TrainingSession("run-20260101-000000-000000", "me", config, folder)
    session.prepare()
    session.turn(0.0)
    session.turn(60.0, until_step=3)
    session.command("pause")
    session.turn(0.0)
    seen = session.latest
    assert (seen.kind, seen.status, seen.step) == ("pairs", "paused", 3)
    data = session.trainer.data if session.trainer else None
    assert isinstance(data, PairSet)
    roles = {"given", "fake", "real"} | ({"back", "other_fake", "other_back"} if config.cycles else set())
    assert set(seen.arrays) == roles
    assert all(array.shape == (16, *(data.given_shape if role in ("given", "back", "other_fake") else data.shape))
               for role, array in seen.arrays.items())  # fmt: skip
    held = {bytes(one.numpy().tobytes()) for one in data.test_given}
    assert all(one.tobytes() in held for one in seen.arrays["given"])  # none of it was learned from
    assert seen.diagnosis[0].code == "translating"
    assert seen.metrics is not None
    assert "test_l1" in seen.metrics.values
    assert seen.verdicts is not None
    assert len(seen.verdicts.fake) == 128
    assert b"image/webp" in pack(seen)
    session.close()
    room = Darkroom(store.folder("run-20260101-000000-000000"))
    past = room.snapshot(room.steps()[-1])
    if past.step == 3:
        assert all((past.arrays[role] == seen.arrays[role]).all() for role in roles)
    saved = load(store.folder("run-20260101-000000-000000"), "cpu")
    made = saved.sample(5)
    assert made.shape == (5, *data.shape)
    every = len(data.test_given)
    assert (
        len({one.numpy().tobytes() for one in saved.sample(every, seed=3)}) > every - 3
    )  # each held-out picture once, and not again
    eyes = Corners()
    monkeypatch.setattr(headless, "get_judges", lambda *_: Judges(eyes, eyes, torch.full((4,), 0.25)))
    monkeypatch.setattr(kernel, "SUBSETS", 5)
    found = evaluate(folder.path)
    assert found["samples"] == every
    with torch.no_grad():
        g = saved.module.there if isinstance(saved.module, Both) else saved.module
        out = torch.cat([g(to_unit(part)) for part in data.test_given.split(50)])
    assert found["metrics"]["test_l1"] == pytest.approx(
        float((out - to_unit(data.test_images)).abs().mean()) / 2, rel=1e-4
    )
    real = to_unit(torch.cat([data.images, data.test_images]))
    assert found["metrics"]["fd"] == pytest.approx(frechet_distance(eyes.of(out), eyes.of(real)), rel=1e-3)
    assert found["metrics"]["fd_samples"] == every
    assert f"({every:,} translations)" in describe_evaluation(found)
    best = Score.of(seen.metrics)
    assert best is not None
    assert (best.metric, best.rank) == ("test_l1", -seen.metrics.values["test_l1"])
    draw = saved.drawing()
    assert torch.equal(draw(3), made[:3])
    again = TrainingSession(
        "run-20260101-000000-000000", "me", config, store.folder("run-20260101-000000-000000"), restore=True
    )
    again.prepare_stopped(store.folder("run-20260101-000000-000000").facts())
    assert again.config == config


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_formulas_are_those_of_the_papers() -> None:
    """pix2pix: Isola et al. 2017, equations 1 to 4, D given both pictures; CycleGAN: Zhu et al. 2017, equations 1 to 3 and section 5.2."""
    edges, neon = presets.load("edges"), presets.load("neon")
    assert formulas.of_objective(edges).splitlines() == [
        "L_D = −E[log σ(D(x, y))] − E[log(1 − σ(D(x, G(x))))]",
        "L_G = −E[log σ(D(x, G(x)))]",
        "+ λ · E‖y − G(x)‖₁",
    ]
    assert formulas.of_objective(neon).splitlines() == [
        "L_D = ½E[(D(y) − 1)²] + ½E[D(G(x))²]",
        "+ ½E[(D′(x) − 1)²] + ½E[D′(F(y))²]",
        "L_G = ½E[(D(G(x)) − 1)²]",
        "+ ½E[(D′(F(y)) − 1)²]",
        "+ λ · (E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁)",
        "+ λ · ι · (E‖F(x) − x‖₁ + E‖G(y) − y‖₁)",
    ]
    assert "λ" not in formulas.of_objective(settings.replace(edges, {"l1_weight": 0.0}))
    assert "ι" not in formulas.of_objective(settings.replace(neon, {"identity_weight": 0.0}))
