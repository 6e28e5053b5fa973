"""The conditions of a run, each on a past made to show it and on pasts that only look like it; and how calmly they are said."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import _tiny
import numpy as np
import pytest
from _pasts import MODES, codes, doctor, look, only, plain, told

from gan_core import registry
from gan_core.config import RunConfig, replace
from gan_core.diagnosis import Look, signs, treatments
from gan_core.diagnosis.past import KEPT, LEAST_STEPS, Window, scale_of
from gan_core.diagnosis.pictures import Reading

FAR = {"distance": 0.8, "coverage": 0.0, "at_data": 0.0, "covered": np.zeros(MODES, bool)}
WON = FAR | {"d_loss": 0.01, "d_real": 6.0, "d_fake": -6.0, "order": 1.0}


def fading(step: int) -> Look:
    """D wins, and the generator's gradient falls from 1 to a ten-thousandth."""
    return look(step, **WON, g_gradient=1.0 if step < 400 else 1e-4)


def winning(step: int) -> Look:
    return look(step, **WON)


def collapsed(step: int) -> Look:
    return look(step, at=(1, 2, 3), distance=0.4)


def pictures_alike(step: int) -> Look:
    return look(
        step,
        where=None,
        covered=None,
        coverage=math.nan,
        at_data=math.nan,
        distance=0.5,
        reading=Reading(step, spread=0.08),
    )


def lossy(step: int) -> Look:
    return look(step, at=tuple(range(MODES - 1)), distance=0.1)


def wandering(step: int) -> Look:
    """Two of eight modes at a time, another two every second look."""
    first = step // 100 % MODES
    return look(step, at=(first, (first + 1) % MODES), distance=0.5, at_data=0.4)


def blind(step: int) -> Look:
    return look(step, **FAR, d_loss=1.385, d_real=0.001, d_fake=-0.001, order=0.5)


def guessing(step: int) -> Look:
    return look(step, **FAR, d_loss=-0.002, d_real=0.5, d_fake=0.498, order=0.52)


def scattered(step: int) -> Look:
    return look(step, distance=0.3, at_data=0.15)


def leaving(step: int) -> Look:
    return look(step, **FAR, away=0.9, size=9.0)


def growing(step: int) -> Look:
    gap = math.exp(step / 100)
    return look(step, d_loss=-gap, d_real=gap / 2, d_fake=-gap / 2)


def raging(step: int) -> Look:
    return look(step, d_loss=20.0 + 15 * (-1) ** (step // 50), distance=0.9)


WASSERSTEIN = {"loss": "wasserstein"}
CASES: list[tuple[str, Callable[[int], Look], dict[str, Any], str]] = [
    ("vanishing_gradients", fading, {"loss": "minimax"}, signs.FADED),
    ("critic_overpowering", winning, {}, signs.WINS),
    ("mode_collapse", collapsed, {}, signs.FEW_MODES),
    ("lost_modes", lossy, {}, signs.FEW_MODES),
    ("cycling", wandering, {}, signs.WANDERS),
    ("critic_blind", blind, {}, signs.SEES_NOTHING),
    ("critic_blind", guessing, WASSERSTEIN, signs.GUESSES),
    ("standstill", scattered, {"loss": "wasserstein", "penalty": "weight_clipping"}, signs.SCATTERED),
    ("divergence", leaving, {}, signs.LEFT),
    ("divergence", growing, WASSERSTEIN, signs.GREW),
    ("divergence", raging, {}, signs.WILD),
]


@pytest.mark.parametrize(("code", "make", "changes", "says"), CASES)
def test_each_condition_is_found_with_its_numbers_and_a_remedy(
    code: str, make: Callable[[int], Look], changes: dict[str, Any], says: str
) -> None:
    seen = doctor(plain(**changes))
    assert told(seen, make, last=4000)[-1] == code
    found = only(seen)
    assert (found.code, found.evidence.template) == (code, says)
    assert str(found.evidence)
    assert found.since < 2000
    assert found.changes
    new = replace(seen.config, found.changes)
    assert new != seen.config
    assert str(found.advice)


def test_every_condition_has_a_case() -> None:
    of_pictures = {"d_overfitting", "checkerboard", "augmentation_leak"}  # see test_diagnosis_pictures.py
    assert {case[0] for case in CASES} | {*signs.UNTROUBLED, *of_pictures, "out_of_memory"} == set(registry.condition)


def test_a_run_in_good_health_is_left_in_peace() -> None:
    seen = doctor()
    assert told(seen, look, last=20_000) == ["early", "healthy"]
    assert only(seen).remedy == {}


@pytest.mark.parametrize("make", [case[1] for case in CASES])
def test_nothing_is_said_in_the_first_steps(make: Callable[[int], Look]) -> None:
    assert told(doctor(), make, last=450) == ["early"]


@pytest.mark.parametrize("loss", list(registry.loss))
@pytest.mark.parametrize("make", [winning, fading, collapsed, wandering, blind, scattered])
def test_far_off_and_coming_nearer_is_no_trouble(make: Callable[[int], Look], loss: str) -> None:
    """So looks every healthy run: a sure D, few modes, or a D that sees little yet, while the distance falls by a sixth every 100 steps."""

    def better(step: int) -> Look:
        found = make(step)
        d_loss = found.d_loss * (scale_of(loss).blind or 1.0) / (2 * math.log(2))
        return Look(**(found.__dict__ | {"d_loss": d_loss, "distance": 0.05 + 3 * math.exp(-step / 550)}))

    assert told(doctor(plain(loss=loss)), better) == ["early", "healthy"]


# ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("player", ["k_g", "k_d"])
@pytest.mark.parametrize("make", [fading, winning, wandering, blind])
def test_a_player_that_was_told_to_rest_is_not_ill(make: Callable[[int], Look], player: str) -> None:
    seen = doctor(plain(**{player: 0}))
    assert told(seen, make) == ["resting"]
    assert only(seen).evidence.template == (signs.G_RESTS if player == "k_g" else signs.D_RESTS)


def test_a_resting_player_does_not_hide_a_divergence() -> None:
    assert told(doctor(plain(k_d=0)), leaving)[-1] == "divergence"


@pytest.mark.parametrize("make", [fading, winning, blind, wandering])
def test_rates_that_the_schedule_has_taken_away_are_no_disease(make: Callable[[int], Look]) -> None:
    ended = plain(schedule="cosine", lr_final=0.01, horizon=1600)
    assert told(doctor(ended), make) == ["early", "healthy"]


def test_a_wasserstein_critic_may_be_as_good_as_it_likes() -> None:
    said = told(doctor(plain(**WASSERSTEIN)), lambda step: look(step, **FAR, d_loss=-5.0, order=1.0))
    assert said == ["early", "healthy", "standstill"]  # not that it wins: that nothing comes of it


def test_what_says_more_stands_alone() -> None:
    seen = doctor(plain(label_flip=0.5))
    assert told(seen, lambda step: look(step, **FAR, d_loss=1.386, order=0.5), last=6000)[-1] == "critic_blind"
    assert only(seen).code == "critic_blind"


def test_a_wasserstein_critic_may_drift() -> None:
    """Only differences of its outputs mean anything."""
    drifting = lambda step: look(step, d_real=1.0 * step, d_fake=1.0 * step - 0.1, d_loss=-0.1, g_loss=-1.0 * step)  # noqa: E731
    assert told(doctor(plain(**WASSERSTEIN)), drifting) == ["early", "healthy"]


def test_a_blind_critic_at_the_end_of_the_game_is_as_it_should_be() -> None:
    assert told(doctor(), lambda step: look(step, d_loss=1.386, order=0.5)) == ["early", "healthy"]


def test_a_wide_plain_game_that_circles_near_its_end_is_not_blind() -> None:
    assert told(doctor(), lambda step: look(step, d_loss=1.38, order=0.55, distance=0.2)) == ["early", "healthy"]


def test_small_gradients_alone_are_a_good_end() -> None:
    assert told(doctor(), lambda step: look(step, g_gradient=1.0 if step < 400 else 1e-5)) == ["early", "healthy"]


def test_samples_between_the_modes_are_not_a_collapse() -> None:
    assert told(doctor(), lambda step: look(step, at=(1, 2), at_data=0.1)) == ["early", "healthy"]


def test_modes_that_are_found_one_by_one_are_not_a_collapse() -> None:
    assert told(doctor(), lambda step: look(step, at=tuple(range(1 + min(7, step // 250))), distance=0.06)) == [
        "early",
        "healthy",
    ]


def test_pictures_that_are_all_alike() -> None:
    seen = doctor(places=None)
    seen._past.places = None
    assert told(seen, pictures_alike, last=3000)[-1] == "mode_collapse"
    assert only(seen).evidence.template == signs.ALIKE


def test_unknown_numbers_are_no_evidence() -> None:
    seen = doctor()
    seen._past.places = None
    assert told(seen, Look, last=20_000) == ["early", "healthy"]


def test_single_steps_by_hand_change_nothing() -> None:
    seen = doctor()
    told(seen, look)
    before = seen.findings
    assert told(seen, blind, first=2001, last=2001 + LEAST_STEPS - 2, spacing=1) == ["healthy"]
    assert seen.findings == before


# ── calm ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_since_is_where_it_began() -> None:
    seen = doctor()
    told(seen, look, last=3000)
    told(seen, wandering, first=3050, last=6000)
    assert only(seen).code == "cycling"
    assert 3000 <= only(seen).since <= 3400


def test_a_finding_does_not_flicker_and_goes_in_the_end() -> None:
    seen = doctor()
    told(seen, winning)
    assert codes(seen) == ["critic_overpowering"]
    since = only(seen).since
    now_and_then = lambda step: (look if step % 1000 == 0 else winning)(step)  # noqa: E731
    assert told(seen, now_and_then, first=2050, last=6000) == ["critic_overpowering"]
    assert only(seen).since == since
    said = told(seen, look, first=6050, last=8000)
    assert said == ["critic_overpowering", "healthy"]
    assert only(seen).evidence.params["step"] == 5950  # the last look that showed it


def test_two_at_once_the_more_serious_first() -> None:
    def both(step: int) -> Look:
        return look(
            step, at=(0, 1), **{name: WON[name] for name in ("d_loss", "d_real", "d_fake", "order", "distance")}
        )

    seen = doctor()
    told(seen, both)
    assert codes(seen) == ["critic_overpowering", "mode_collapse"]


def test_what_says_more_of_the_same_trouble_stands_for_it() -> None:
    seen = doctor(plain(loss="minimax"))
    told(seen, fading)
    assert codes(seen) == ["vanishing_gradients"]


def test_going_back_forgets_what_came_later() -> None:
    seen = doctor()
    told(seen, winning)
    assert told(seen, look, first=900, last=4000)[-1] == "healthy"


def test_the_past_is_bounded() -> None:
    seen = doctor()
    told(seen, look, last=SPAN)
    assert len(list(seen._past)) == KEPT


SPAN = 50 * (KEPT + 100)


def test_a_run_that_blew_up_diverged() -> None:
    seen = doctor()
    told(seen, look)
    (found,) = seen.blew_up(2010, 1980, plain())
    assert (found.code, found.since, str(found.evidence)) == (
        "divergence",
        2010,
        "the losses stopped being numbers near step 2010",
    )
    assert found.changes
    assert told(seen, look, first=2000, last=2400) == ["divergence"]
    assert told(seen, look, first=2450, last=4000)[-1] == "healthy"


# ── what helps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_change_nothing_else_is_proposed_for_a_while() -> None:
    seen = doctor()
    told(seen, collapsed)
    remedy = only(seen).changes
    assert remedy == {"penalty": "r1", "penalty_weight": 1.0} or remedy == {"penalty": "r1"}
    (found,) = seen.change(replace(seen.config, remedy), 2000, 32_000)
    assert (found.code, found.remedy, found.advice.template) == ("mode_collapse", {}, treatments.WAIT)
    told(seen, collapsed, first=2050, last=3000)
    assert only(seen).remedy == {}
    told(seen, collapsed, first=3050, last=4000)
    assert only(seen).changes == {"loss": "relativistic", "penalty": "r1_r2"}


def test_a_change_that_is_none_of_its_business_changes_nothing() -> None:
    seen = doctor()
    told(seen, collapsed)
    before = seen.findings
    assert (
        seen.change(replace(seen.config, {"ema_half_life": 5.0, "engine": "eager"}), 2000, 32_000)[0].remedy
        == before[0].remedy
    )


@pytest.mark.parametrize("code", [c for c in registry.condition if c not in signs.UNTROUBLED])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_remedies_go_together_with_everything_and_come_to_an_end(code: str, norm: str) -> None:
    for loss, penalty in _tiny.objectives():
        if norm == "none" or not registry.penalty[penalty].info["at"]:
            _treated_to_the_end(code, loss, penalty, norm)


def _treated_to_the_end(code: str, loss: str, penalty: str, norm: str) -> None:
    c = _tiny.points(loss=loss, penalty=penalty, penalty_weight=registry.penalty[penalty].info["weight"], discriminator__norm=norm,
                     k_g=3, g_optimizer__lr=0.05, d_optimizer__beta1=0.9, schedule="cosine")  # fmt: skip
    for _ in range(40):
        found, why = treatments.proposed(code, c)
        assert str(why) in map(str, treatments.SENTENCES)
        if not found:
            by_batch = code == "standstill" and norm == "batch"
            assert why.template == (treatments.BY_BATCH if by_batch else treatments.NOTHING_LEFT)
            return
        c = replace(c, {name: new for name, (_old, new) in found.items()})
        assert norm == "none" or not registry.penalty[c.penalty].info["at"]
    raise AssertionError("there is always one more")


@pytest.mark.parametrize(("code", "changes", "wanted"), [
    ("vanishing_gradients", {"loss": "minimax"}, {"loss": "non_saturating"}),
    ("vanishing_gradients", {"loss": "wasserstein", "penalty": "weight_clipping"}, {"penalty": "wgan_gp", "penalty_weight": 10.0}),
    ("critic_overpowering", {"k_d": 8}, {"k_d": 1}),
    ("critic_overpowering", {"d_optimizer__lr": 0.01}, {"d_optimizer.lr": 0.001}),
    ("critic_overpowering", {"k_d": 3, "g_optimizer__lr": 1e-5, "d_optimizer__lr": 0.01}, {"g_optimizer.lr": 0.001}),
    ("critic_overpowering", {"penalty": "r1"}, {"d_optimizer.lr": 0.0003}),
    ("mode_collapse", {"k_g": 5}, {"k_g": 1}),
    ("cycling", {"g_optimizer__beta1": 0.9, "d_optimizer__beta1": 0.5}, {"g_optimizer.beta1": 0.0, "d_optimizer.beta1": 0.0}),
    ("cycling", {"discriminator__norm": "batch"}, {"g_optimizer.lr": 0.0003, "d_optimizer.lr": 0.0003}),
    ("critic_blind", {"penalty": "r1", "penalty_weight": 100.0}, {"penalty_weight": 1.0}),
    ("critic_blind", {"d_optimizer__lr": 1e-6}, {"d_optimizer.lr": 0.001}),
    ("critic_blind", {"label_flip": 0.5}, {"label_flip": 0.0}),
    ("standstill", {"loss": "wasserstein", "penalty": "weight_clipping"}, {"penalty": "wgan_gp", "penalty_weight": 10.0}),
    ("standstill", {"discriminator__norm": "batch", "label_flip": 0.5}, {}),
    ("divergence", {"loss": "wasserstein"}, {"penalty": "wgan_gp", "penalty_weight": 10.0}),
    ("divergence", {"g_optimizer__lr": 0.1, "d_optimizer__lr": 0.1}, {"g_optimizer.lr": 0.001, "d_optimizer.lr": 0.001}),
])  # fmt: skip
def test_the_first_remedy(code: str, changes: dict[str, Any], wanted: dict[str, Any]) -> None:
    found, _why = treatments.proposed(code, plain(**changes))
    assert {name: new for name, (_old, new) in found.items()} == wanted


# ── scales ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("loss", "blind_loss", "sure"), [
    ("non_saturating", 2 * math.log(2), 0.0), ("minimax", 2 * math.log(2), 0.0), ("least_squares", 0.25, 0.0), ("hinge", 2.0, 0.0),
    ("relativistic", math.log(2), 0.0), ("wasserstein", 0.0, -math.inf),
])  # fmt: skip
def test_what_a_loss_amounts_to(loss: str, blind_loss: float, sure: float) -> None:
    scale = scale_of(loss)
    assert (scale.blind, scale.sure) == pytest.approx((blind_loss, sure), abs=1e-6)
    assert math.isnan(scale.advantage(0.1)) == (sure == -math.inf)


def test_smoothed_labels_raise_the_floor() -> None:
    """To the entropy of the labels: −s log s − (1 − s) log(1 − s)."""
    s = 0.2
    assert scale_of("non_saturating", s).sure == pytest.approx(-s * math.log(s) - (1 - s) * math.log(1 - s), abs=0.01)
    assert scale_of("least_squares", s).sure == pytest.approx(0.0, abs=1e-3)


def test_every_sentence_can_be_filled() -> None:
    for entry in registry.condition.entries():
        assert entry.info["why"].endswith(".")
        assert entry.info["says"]


def _window(config: RunConfig) -> Window:
    return Window([look(50 * i) for i in range(12)], config, None, 1.0)


@pytest.mark.parametrize("entry", registry.condition.entries(), ids=lambda e: e.name)
def test_a_sign_is_a_pure_function(entry: Any) -> None:
    window = _window(plain())
    assert entry.value(window) is None
    assert entry.value(window) is None
