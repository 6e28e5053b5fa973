"""Augmentation: its transforms against torchvision's and against what is written out by hand; its gradients; p that follows D."""

from __future__ import annotations

import math
from typing import Any

import _tiny
import pytest
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2 import functional as vision

from gan_core import augment, formulas
from gan_core.augment import MOST, TRANSFORMS, Augmented, adapted, draw
from gan_core.config import replace
from gan_core.engine import objectives
from gan_core.errors import ConfigError, ExportError
from gan_core.export.script import script
from gan_core.runs.checkpoint import copy_state
from gan_core.trainer import Trainer

NAMES = list(TRANSFORMS)


def pictures(n: int = 5, channels: int = 3, size: int = 12, seed: int = 0) -> Tensor:
    return (
        torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    )


def numbers(name: str, n: int, seed: int = 0) -> Tensor:
    return draw(name, n, torch.Generator().manual_seed(seed)).double()


def diff(**values: float) -> Tensor:
    """(1, 7): numbers of DiffAugment with which nothing is changed but what is said."""
    names = ("brightness", "saturation", "contrast", "down", "right", "row", "column")
    return torch.tensor([[values.get(name, 0.5) for name in names]], dtype=torch.float64)


def uncut(x: Tensor, given: Tensor) -> Tensor:
    """DiffAugment's colour and translation: its cutout multiplies by zeros, and is tested on its own."""
    column = given[:, :5].unbind(1)
    hole = augment._cut(torch.ones_like(x), given[:, 5], given[:, 6], 1.0)
    found = augment.diffaugment(x, given, 1.0)
    assert torch.equal(found * hole, found)
    x = augment._brighter(x, column[0] - 0.5)
    return found + (1 - hole) * augment._shifted(x, column[3], column[4], 1.0)


# ── DiffAugment ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_colours_are_torchvisions() -> None:
    """In [0, 1], where torchvision works: (x + 1) / 2. Its contrast is about the mean of the grey picture, its saturation about a weighted
    grey; on grey pictures both are ours."""
    x = pictures(1, 1) / 4
    unit, hole = (x + 1) / 2, augment._cut(torch.ones_like(x), *diff()[:, 5:].unbind(1), 1.0)
    more = vision.adjust_contrast(unit, 1.3)
    assert torch.allclose((augment.diffaugment(x, diff(contrast=0.8), 1.0) + hole) / 2, more * hole, atol=1e-12)
    plain = augment.diffaugment(x, diff(brightness=0.7), 1.0)
    assert torch.allclose(plain, (x + 0.2) * hole, atol=1e-12)
    assert torch.equal(augment.diffaugment(x, diff(saturation=0.0), 1.0), augment.diffaugment(x, diff(), 1.0))


@pytest.mark.parametrize("u", [0.0, 0.25, 0.75, 0.999])
def test_saturation_by_hand(u: float) -> None:
    x = pictures(1)
    grey = x.mean(1, keepdim=True)
    hole = augment._cut(torch.ones_like(x), *diff()[:, 5:].unbind(1), 1.0)
    assert torch.allclose(
        augment.diffaugment(x, diff(saturation=u), 1.0), (grey + 2 * u * (x - grey)) * hole, atol=1e-12
    )


@pytest.mark.parametrize(("size", "most"), [(8, 1), (12, 2), (16, 2), (28, 4), (32, 4)])
def test_translation_is_torchvisions_by_every_number_of_pixels(size: int, most: int) -> None:
    x, steps = pictures(1, 2, size), 2 * most + 1
    for i in range(steps):
        for j in range(steps):
            ours = augment._shifted(x, *(torch.tensor([(k + 0.5) / steps]) for k in (i, j)), 1.0)
            theirs = vision.affine(x, 0.0, [j - most, i - most], 1.0, [0.0, 0.0], fill=[0.0])
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("size", [8, 12, 28, 15])
def test_cutout_by_hand(size: int) -> None:
    side = math.floor(size / 2 + 0.5)
    x = torch.ones(1, 1, size, size)
    places = size + 1 - side % 2
    for i in range(places):
        u = torch.tensor([(i + 0.5) / places])
        found = augment._cut(x, u, torch.tensor([0.5]), 1.0)[0, 0]
        rows = [r for r in range(size) if not i - side // 2 <= r < i - side // 2 + side]
        hidden = (found == 0).any(1)
        assert [r for r in range(size) if not hidden[r]] == rows
        assert int((found == 0).any(0).sum()) == side


def test_the_numbers_are_spread_as_the_paper_says() -> None:
    u = numbers("diffaugment", 20_000)
    assert u.shape == (20_000, 7)
    steps = torch.floor(u[:, 3] * 5) - 2
    shares = torch.bincount((steps + 2).long()) / len(u)
    assert torch.allclose(shares, torch.full((5,), 0.2), atol=0.02)
    assert float((2 * u[:, 1]).max()) < 2


# ── ADA ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def sample_with_torch(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    grid = torch.stack([columns / (x.shape[3] - 1) * 2 - 1, rows / (x.shape[2] - 1) * 2 - 1], 3)
    return grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def test_sampling_is_torchs() -> None:
    rng = torch.Generator().manual_seed(1)
    x = pictures(4, 3, 9)[..., :7]
    rows, columns = (torch.rand(4, 9, 7, generator=rng, dtype=torch.float64) * 50 - 25 for _ in range(2))
    assert torch.allclose(augment._sampled(x, rows, columns), sample_with_torch(x, rows, columns), atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_geometry_is_torchs(seed: int) -> None:
    """As one matrix by hand: from where a pixel lies to where it came from."""
    rng = torch.Generator().manual_seed(seed)
    x, half = pictures(1, 2, 10, seed), (10 - 1) / 2
    angle, scale, down, right, low, far = (torch.rand(6, generator=rng, dtype=torch.float64) - 0.5).tolist()
    scale, mirror = 2**scale, -1 if seed % 2 else 1
    cos, sin = math.cos(angle), math.sin(angle)
    back = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], dtype=torch.float64)  # x to the right, y down
    move = torch.tensor([[1, 0, -far], [0, 1, -low], [0, 0, 1]], dtype=torch.float64)
    size = torch.diag(torch.tensor([1 / scale, 1 / scale, 1], dtype=torch.float64))
    first = torch.tensor([[mirror, 0, -mirror * right], [0, 1, -down], [0, 0, 1]], dtype=torch.float64)
    matrix = first @ size @ back @ move
    matrix[:2, 2] /= half  # torch counts from −1 to 1
    theirs = grid_sample(x, affine_grid(matrix[None, :2], list(x.shape), align_corners=True),
                         padding_mode="reflection", align_corners=True)  # fmt: skip
    one = [torch.tensor([v], dtype=torch.float64) for v in (mirror, down, right, scale, angle, low, far)]
    ours = augment._warped(x, one[0], (one[1], one[2]), one[3], one[4], (one[5], one[6]))
    assert torch.allclose(ours, theirs, atol=1e-9)


def test_a_mirrored_picture_is_torchvisions() -> None:
    x = pictures(3)
    one, zero = torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    found = augment._warped(x, -one, (zero, zero), one, zero, (zero, zero))
    assert torch.equal(found, vision.horizontal_flip(x))


def test_each_part_of_ada_comes_with_probability_p() -> None:
    x, n = pictures(1).expand(4000, -1, -1, -1), 4000
    given = numbers("ada", n)
    changed = (augment.ada(x, given, 1.0, 0.1) != x).flatten(1).any(1).double().mean()
    # Seven parts on colour pictures; a move by 0 pixels (|u| < 1/3 of ±1.5) in both directions is none.
    none = 0.9**6 * (1 - 0.1 * (1 - (1 / 3) ** 2))
    assert float(changed) == pytest.approx(1 - none, abs=0.02)
    assert torch.equal(augment.ada(x, given, 1.0, 0.0), x)


def test_pictures_are_mirrored_only_when_asked_and_then_half_of_those() -> None:
    x = pictures(1).expand(4000, -1, -1, -1)
    given = numbers("ada", 4000)
    given[:, 1:8] = 1.0  # no other part comes
    assert torch.equal(augment.ada(x, given, 1.0, 0.8), x)
    mirrored = (augment.ada(x, given, 1.0, 0.8, flips=True) != x).flatten(1).any(1).double().mean()
    assert float(mirrored) == pytest.approx(0.4, abs=0.03)
    assert torch.equal(augment.ada(x, given, 0.0, 0.8, flips=True), x)


def test_colours_of_ada_by_hand() -> None:
    x, given = pictures(1), torch.ones(1, 18, dtype=torch.float64)
    given[0, 5:8] = 0.0  # brightness, saturation and contrast come
    given[0, 15:] = torch.tensor([0.3, -0.7, 0.4], dtype=torch.float64)
    bright = x + 0.2 * 0.3
    strong = bright * 2 ** (0.5 * 0.4)
    grey = strong.mean(1, keepdim=True)
    assert torch.allclose(augment.ada(x, given, 1.0, 0.5), grey + 2**-0.7 * (strong - grey), atol=1e-12)


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_strength_zero_gives_the_picture_back_bit_for_bit(name: str, channels: int) -> None:
    x = pictures(8, channels, 16).float().requires_grad_()
    for strength in (0.0, torch.zeros(())):
        out = TRANSFORMS[name].apply(x, numbers(name, 8).float(), strength, 0.8, False)
        assert torch.equal(out, x)
        (gradient,) = torch.autograd.grad(out.square().sum(), x)
        assert torch.equal(gradient, 2 * x)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [8, pytest.param(9, marks=pytest.mark.long)])
def test_gradients_are_those_of_finite_differences_twice(name: str, size: int) -> None:
    x, given = pictures(2, 2, size), numbers(name, 2, seed=3)
    weight = pictures(2, 2, size, seed=1)

    def seen(x: Tensor) -> Tensor:
        return (weight * TRANSFORMS[name].apply(x, given, 1.0, 0.8, True)).sum((1, 2, 3)).tanh()

    assert torch.autograd.gradcheck(seen, x.requires_grad_())
    assert torch.autograd.gradgradcheck(seen, x)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_changed_by_its_own_numbers(name: str) -> None:
    x, given = pictures(6), numbers(name, 6)
    apply = TRANSFORMS[name].apply
    whole = apply(x, given, 1.0, 0.7, True)
    for i in range(6):
        assert torch.allclose(apply(x[i : i + 1], given[i : i + 1], 1.0, 0.7, True), whole[i : i + 1], atol=1e-12)
    by_tensor = apply(x, given, torch.tensor(0.6, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64), True)
    assert torch.allclose(by_tensor, apply(x, given, 0.6, 0.7, True), atol=1e-12)


def test_d_sees_changed_pictures_and_penalties_are_by_the_unchanged_ones() -> None:
    """R1 is ‖∂D(T(x))/∂x‖², not ‖∂D(t)/∂t‖²."""
    config = _tiny.pictures(augmentation="diffaugment", penalty="r1", loss="non_saturating")
    trainer = _tiny.trained(config, 2)
    real = trainer.preview.real[:4].float() / 127.5 - 1
    given = draw("diffaugment", 8, torch.Generator().manual_seed(2))
    critic = Augmented(trainer.d, lambda x, u: augment.diffaugment(x, u, 1.0), given)
    verdicts = objectives.judge(trainer.objective, critic, real, real.flip(0), None)
    terms = objectives.d_objective(trainer.objective, verdicts, 1.0, 0.0, None)
    x = real.clone().requires_grad_()
    out = trainer.d(augment.diffaugment(x, given[:4], 1.0))
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert torch.allclose(verdicts.real, out, atol=1e-6)
    assert terms.penalty is not None
    assert float(terms.penalty.detach()) == pytest.approx(float(gradient.square().sum((1, 2, 3)).mean() / 2), rel=1e-4)


def test_both_players_see_changed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(x: Tensor, *rest: Any) -> Tensor:
        seen.append(len(x))
        return x * 0.5

    monkeypatch.setitem(TRANSFORMS, "diffaugment", augment.Transform(counted, 7))
    config = _tiny.pictures(augmentation="diffaugment", penalty="wgan_gp", loss="relativistic")
    trainer = Trainer(config)
    trainer.step()
    assert seen == [
        16,
        8,
        8,
        8,
    ]  # real and generated together, the penalty's points; G's own, and the real ones beside them


# ── p ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("p", "signs", "expected"),
    [(0.3, 4.0, 0.31), (0.3, 1.0, 0.29), (0.0, -4.0, 0.0), (0.8, 4.0, MOST), (0.3, 2.4, 0.3)],
)
def test_p_follows_the_sign(p: float, signs: float, expected: float) -> None:
    state = adapted(torch.tensor([p, signs, 4.0], dtype=torch.float64), 0.01, 0.6)
    assert state.tolist() == pytest.approx([expected, 0.0, 0.0])


def test_p_stays_where_nothing_was_seen() -> None:
    assert adapted(torch.tensor([0.3, 0.0, 0.0]), 0.01, 0.6).tolist() == pytest.approx([0.3, 0.0, 0.0])


def test_p_rises_by_four_batches_of_images_each_fourth_step() -> None:
    config = _tiny.pictures(
        augmentation="ada", loss="hinge", penalty="none", ada_speed=1000.0, ada_target=0.0, d_optimizer__lr=0.02
    )
    trainer = Trainer(config)
    found = []
    for _ in range(40):
        trainer.step()
        found.append(trainer.read_stats().augment_p)
    changes = [round(b - a, 6) for a, b in zip([0.0, *found], found, strict=False)]
    assert {abs(c) for i, c in enumerate(changes) if i % 4 != 3} == {0.0}
    assert {abs(c) for i, c in enumerate(changes) if i % 4 == 3} == {4 * 8 / 1000}
    assert found[-1] > 0.2  # D learned to tell


def test_resuming_does_not_reset_p() -> None:
    config = _tiny.pictures(
        augmentation="ada", loss="hinge", penalty="none", ada_speed=1000.0, ada_target=0.0, d_optimizer__lr=0.02
    )
    one, other = _tiny.trained(config, 30), _tiny.trained(config, 25)
    assert float(other.ada[0]) > 0
    again = Trainer(config)
    again.load_state_dict(copy_state(other.state_dict()))
    assert torch.equal(again.ada, other.ada)
    for _ in range(5):
        again.step()
    _tiny.assert_same(again.state_dict(), one.state_dict())


def test_a_state_from_before_there_was_any() -> None:
    trainer = _tiny.trained(_tiny.pictures(), 3)
    old = copy_state(trainer.state_dict())
    del old["ada"], old["anchors"]
    again = Trainer(trainer.config)
    again.load_state_dict(old)
    _tiny.assert_same(again.state_dict(), trainer.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_strength_zero_is_no_augmentation(name: str) -> None:
    config = _tiny.pictures(loss="hinge", penalty="none", instance_noise=0.1)
    plain = _tiny.trained(config, 6).state_dict()
    found = _tiny.trained(replace(config, {"augmentation": name, "augment_strength": 0.0}), 6).state_dict()
    for state in (plain, found):
        del state["ada"]
    _tiny.assert_same(found, plain)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_formula_is_shown() -> None:
    shown = formulas.of_objective(_tiny.pictures(augmentation="ada", loss="hinge", penalty="none"))
    assert "D(x) ← D(T(x))" in shown
    assert "p ← p + sign(r_t − target)" in shown
    assert "cutout(translation(colour(x)))" in formulas.of_objective(_tiny.pictures(augmentation="diffaugment"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"augmentation": "diffaugment"}, ("augmentation=diffaugment", "pictures", "ring is points", "Set it to none")),
        ({"feature_matching": 0.5}, ("feature_matching=0.5", "ring is points")),
        ({"data__limit": 50}, ("data.limit=50", "ring is points")),
    ],
)
def test_points_are_refused(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        _tiny.points(**changes)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic", "relativistic_average"])
def test_ada_needs_a_border_to_count_from(loss: str) -> None:
    with pytest.raises(ConfigError, match=r"no border.*diffaugment.*non_saturating, minimax, least_squares, hinge"):
        _tiny.pictures(augmentation="ada", loss=loss)


@pytest.mark.parametrize("changes", [{"augmentation": "diffaugment"}, {"lecam_weight": 0.1}, {"feature_matching": 0.5}])
def test_no_script_yet(changes: dict[str, Any]) -> None:
    with pytest.raises(ExportError, match="cannot be written as a script yet"):
        script(_tiny.pictures(**changes))
    entry = {"step": 3, "do": "change", "changes": {name: [None, value] for name, value in changes.items()}}
    with pytest.raises(ExportError, match="cannot be written as a script yet"):
        script(_tiny.pictures(), [entry], 5)
