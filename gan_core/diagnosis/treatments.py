"""What helps: for each condition the changes that are worth trying, in order; the first that is not in place yet is proposed.

Only settings that may change while a run goes on, and only values that go together with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from gan_core import registry
from gan_core.config import RunConfig, differences, field, get, replace
from gan_core.diagnosis import augmenting
from gan_core.diagnosis.findings import Evidence
from gan_core.errors import ConfigError
from gan_core.networks import uses
from gan_core.text import N_

Changes: TypeAlias = Mapping[str, Any]
Option: TypeAlias = tuple[Changes, str]  # and why

FLAT_AT_DATA = N_(
    "R1 keeps the discriminator flat at real samples: then both players are pulled to the middle instead of round it."
)
IN_PAIRS = N_("In pairs each real sample is compared with a generated one: a part of the data that is never made is felt at once. R1 and "
              "R2 calm it.")  # fmt: skip
NOT_SATURATING = N_(
    "This loss has its largest gradient where the discriminator is sure, where the minimax loss has none."
)
ONE_EACH = N_("As many steps for both: neither runs after what the other was a moment ago.")
SLOWER_G = N_("A slower generator gives the discriminator time to see what it has left.")
FASTER_G = N_("With so small a rate the generator cannot follow the discriminator.")
SLOWER_D = N_("A slower discriminator leaves the generator something to climb.")
SLOWER_BOTH = N_("With smaller steps neither player shoots past the best answer to the other.")
SMALLER = N_("With smaller steps it does not shoot past the bottom of its loss.")
NO_MOMENTUM = N_("Momentum repeats steps that were meant for the other player's last position.")
BLURRED = N_(
    "Noise on all that D sees makes real and generated overlap: it can no longer be sure, and its gradient lives on."
)
FASTER_D = N_("A faster discriminator sees the difference before the generator has moved on.")
MORE_D = N_("More steps bring the discriminator nearer to its best answer before the generator moves.")
LIGHTER = N_("The penalty holds the discriminator flatter than the data is: a lighter one lets it see.")
RIGHT_LABELS = N_("With so many wrong labels nothing can be learned from them.")
LESS_NOISE = N_("So much noise hides what is to be told apart.")
HELD = N_("A Wasserstein critic must be kept smooth, or its outputs grow without end.")
SLOPE_ONE = N_("Clipped weights leave the critic hardly any slope; this penalty keeps its slope near 1 instead.")
BY_BATCH = N_(
    "With batch normalisation D judges a sample by the rest of its batch. Start a new run without it in the discriminator."
)
SHORT = N_("No single batch can throw a player far away any more.")
FLAT_AT_PICTURES = N_(
    "R1 keeps D's verdict from rising steeply at just the pictures that it learns. Nothing helps as much as more of them."
)
BLURRED_PICTURES = N_(
    "With noise on all that D sees, no picture is ever quite the same: that makes it harder to learn by heart."
)
SLOWER_TO_LEARN = N_(
    "A slower discriminator learns fewer pictures by heart. Nothing helps as much as more training pictures."
)
RESIZING = N_("Start a new run with another up-sampling of the generator (nearest or bilinear): a picture that is first enlarged and then drawn over has no "
              "such pattern.")  # fmt: skip
LESS_OFTEN = N_("If pictures are changed less, the discriminator sees that real ones are whole.")
CHANGED_PICTURES = N_("A picture that is changed at random each time cannot be learned by heart.")
STRONGER = N_("A stronger penalty damps the game more.")

SMALLER_BATCH = N_(
    "A batch of {batch} takes less memory at each step. To keep the batch of {now}, set gradient accumulation to {parts} instead."
)
ONLY_SMALLER_BATCH = N_("A batch of {batch} takes less memory at each step.")
NARROWER = N_("This batch cannot be made smaller here. Start a new run with narrower networks or smaller pictures.")

NOTHING_LEFT = N_("What usually helps is in place already. Give it time, or start a new run with another network.")
WAIT = N_("Settings were changed at step {step}: give them a little time.")
OVER = N_("The schedule has taken the learning rates away: a change does little now.")

SENTENCES = (
    FLAT_AT_DATA, IN_PAIRS, NOT_SATURATING, ONE_EACH, SLOWER_G, FASTER_G, SLOWER_D, SLOWER_BOTH, SMALLER, NO_MOMENTUM, BLURRED, FASTER_D, MORE_D, LIGHTER,
    RIGHT_LABELS, LESS_NOISE, HELD, SLOPE_ONE, BY_BATCH, SHORT, STRONGER, FLAT_AT_PICTURES, BLURRED_PICTURES, CHANGED_PICTURES, SLOWER_TO_LEARN, RESIZING, LESS_OFTEN, SMALLER_BATCH, ONLY_SMALLER_BATCH, NARROWER, NOTHING_LEFT, WAIT, OVER,
)  # fmt: skip


def proposed(code: str, c: RunConfig) -> tuple[dict[str, tuple[Any, Any]], Evidence]:
    """The first change that helps and is not in place: {name: (value now, value that helps)}, and why. None at all where the first
    thing to do is a new run."""
    for changes, why in _OPTIONS[code](c) if code in _OPTIONS else ():
        if not changes:
            return {}, Evidence(why)
        try:
            new = replace(c, changes)
        except ConfigError:
            continue  # does not go with the other settings
        found = differences(c, new)
        if found and all(field(name).spec.live for name in found):
            return found, Evidence(why)
    return {}, Evidence(NOTHING_LEFT)


def smaller_batch(c: RunConfig, fitting: int | None) -> tuple[dict[str, tuple[Any, Any]], Evidence]:
    """As `proposed`, for a run whose device ran out of memory and would bear a batch of `fitting` (None: no smaller one goes)."""
    if fitting is None or fitting >= c.batch_size:
        return {}, Evidence(NARROWER)
    parts = parts_for(c, fitting)
    advice = {"batch": fitting, "now": c.batch_size, "parts": parts} if parts else {"batch": fitting}
    return {"batch_size": (c.batch_size, fitting)}, Evidence(SMALLER_BATCH if parts else ONLY_SMALLER_BATCH, advice)


def parts_for(c: RunConfig, fitting: int) -> int | None:
    """In how many parts a batch takes no more memory than one of `fitting` samples; None where that does not go with other settings."""
    parts = c.accumulation * (c.batch_size // fitting)
    try:
        replace(c, {"accumulation": parts})
    except ConfigError:
        return None
    return parts


# ── one function a condition: options in the order they should be tried ──────────────────────────────────────────────────


def _collapse(c: RunConfig) -> Iterator[Option]:
    if c.k_g > max(c.k_d, 1):
        yield {"k_g": 1, "k_d": max(c.k_d, 1)}, ONE_EACH
    if c.g_optimizer.lr > 2 * c.d_optimizer.lr:
        yield {"g_optimizer.lr": c.d_optimizer.lr}, SLOWER_G
    yield from _zero_centred(c)
    if c.loss == "minimax":
        yield _with_loss(c, "non_saturating"), NOT_SATURATING
    if c.loss != "relativistic":
        yield _with_loss(c, "relativistic") | _penalty("r1_r2", c), IN_PAIRS
    yield from _slower(c, "g_optimizer.lr", SLOWER_G)


def _cycling(c: RunConfig) -> Iterator[Option]:
    if c.k_g > max(c.k_d, 1):
        yield {"k_g": 1, "k_d": max(c.k_d, 1)}, ONE_EACH
    if max(c.g_optimizer.lr, c.d_optimizer.lr) > 2e-2:
        yield _calm_rates(c, 1e-3), SLOWER_BOTH
    if c.g_optimizer.lr > 2 * c.d_optimizer.lr:
        yield {"g_optimizer.lr": c.d_optimizer.lr}, SLOWER_G
    yield from _no_momentum(c, 0.3)
    yield from _zero_centred(c)
    yield from _slower(c, "both", SLOWER_BOTH)
    if c.penalty != "none":
        yield {"penalty_weight": _within("penalty_weight", c, 3 * c.penalty_weight)}, STRONGER


def _vanishing(c: RunConfig) -> Iterator[Option]:
    if c.loss == "minimax":
        yield _with_loss(c, "non_saturating"), NOT_SATURATING
    if c.penalty == "weight_clipping":
        yield _penalty("wgan_gp", c), SLOPE_ONE
    yield from _zero_centred(c)
    yield from _weaker_d(c)


def _overpowering(c: RunConfig) -> Iterator[Option]:
    if c.g_optimizer.lr < 1e-4 and c.d_optimizer.lr > 2 * c.g_optimizer.lr:
        yield {"g_optimizer.lr": min(c.d_optimizer.lr, 1e-3)}, FASTER_G
    if c.k_d > 1:
        yield {"k_d": 1}, ONE_EACH
    if c.d_optimizer.lr > 2 * c.g_optimizer.lr:
        yield {"d_optimizer.lr": c.g_optimizer.lr}, SLOWER_D
    yield from _zero_centred(c)
    if c.loss == "minimax":
        yield _with_loss(c, "non_saturating"), NOT_SATURATING
    yield from _weaker_d(c)


def _blind(c: RunConfig) -> Iterator[Option]:
    if c.label_flip > 0.1:
        yield {"label_flip": 0.0}, RIGHT_LABELS
    if c.instance_noise > 0.3:
        yield {"instance_noise": 0.0}, LESS_NOISE
    if c.d_optimizer.lr < 0.5 * c.g_optimizer.lr:
        yield {"d_optimizer.lr": c.g_optimizer.lr}, FASTER_D
    if c.k_g > max(c.k_d, 1):
        yield {"k_g": 1, "k_d": max(c.k_d, 1)}, ONE_EACH
    if c.penalty == "weight_clipping":
        yield _penalty("wgan_gp", c), SLOPE_ONE
    elif c.penalty != "none" and c.penalty_weight > 0.02:
        usual = registry.penalty[c.penalty].info["weight"]
        lighter = min(usual, c.penalty_weight) if c.penalty_weight > usual else c.penalty_weight / 10
        yield {"penalty_weight": _within("penalty_weight", c, _tidy(lighter))}, LIGHTER
    if c.k_d < 5:
        yield {"k_d": 5}, MORE_D


def _divergence(c: RunConfig) -> Iterator[Option]:
    if not c.adversarial:
        yield from _slower(c, "both", SMALLER)
        if not c.grad_clip:
            yield {"grad_clip": 1000.0}, SHORT
        return
    if c.loss == "wasserstein" and c.penalty == "none":
        yield _penalty("wgan_gp", c) | _calm_rates(c, 1e-3), HELD
    if max(c.g_optimizer.lr, c.d_optimizer.lr) > 5e-3:
        yield _calm_rates(c, 1e-3), SLOWER_BOTH
    if c.d_optimizer.lr < 0.1 * c.g_optimizer.lr:
        yield {"d_optimizer.lr": c.g_optimizer.lr}, FASTER_D
    yield from _no_momentum(c, 0.6)
    if c.penalty == "none":
        yield from _zero_centred(c)
    yield from _slower(c, "both", SLOWER_BOTH)
    if not c.grad_clip:
        yield {"grad_clip": 1.0}, SHORT


def _standstill(c: RunConfig) -> Iterator[Option]:
    if c.discriminator.norm == "batch" and uses(c.discriminator.network, "norm"):
        yield {}, BY_BATCH
    yield from _blind(c)


def _overfitting(c: RunConfig) -> Iterator[Option]:
    for changes, _why in _zero_centred(c):
        yield changes, FLAT_AT_PICTURES
    if not c.augments:
        yield augmenting.ON, CHANGED_PICTURES
    if c.instance_noise < 0.1:
        yield {"instance_noise": 0.1}, BLURRED_PICTURES
    yield from _slower(c, "d_optimizer.lr", SLOWER_TO_LEARN)


def _checkerboard(c: RunConfig) -> Iterator[Option]:
    if c.generator.network == "dcgan" and c.generator.upsampling == "transposed":
        yield {}, RESIZING
    yield from _zero_centred(c)
    yield from _weaker_d(c)


def _leak(c: RunConfig) -> Iterator[Option]:
    if changes := augmenting.less(c):
        yield changes, LESS_OFTEN


_OPTIONS: dict[str, Callable[[RunConfig], Iterator[Option]]] = {
    "divergence": _divergence, "vanishing_gradients": _vanishing, "critic_overpowering": _overpowering, "mode_collapse": _collapse,
    "lost_modes": _collapse, "cycling": _cycling, "critic_blind": _blind, "standstill": _standstill,
    "d_overfitting": _overfitting, "checkerboard": _checkerboard, "augmentation_leak": _leak,
}  # fmt: skip


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _penalty(name: str, c: RunConfig) -> dict[str, Any]:
    """A penalty at its own usual weight, all the time: what is left of a weight on a schedule may be next to nothing."""
    changes: dict[str, Any] = {"penalty": name, "penalty_weight": registry.penalty[name].info["weight"]}
    return changes | ({"penalty_final": 1.0} if c.schedule != "constant" else {})


def _with_loss(c: RunConfig, name: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"loss": name}
    return changes if registry.loss[name].info["targets"] else changes | {"label_smoothing": 0.0}


def _zero_centred(c: RunConfig) -> Iterator[Option]:
    if c.penalty not in ("r1", "r2", "r1_r2"):
        yield _penalty("r1", c), FLAT_AT_DATA


def _weaker_d(c: RunConfig) -> Iterator[Option]:
    yield from _slower(c, "d_optimizer.lr", SLOWER_D)
    if c.instance_noise < 0.1:
        yield {"instance_noise": 0.1}, BLURRED


def _no_momentum(c: RunConfig, above: float) -> Iterator[Option]:
    names = [f"{player}.{name}" for player in ("g_optimizer", "d_optimizer") for name in ("beta1", "momentum")
             if name in registry.optimizer[get(c, f"{player}.name")].info["uses"]]  # fmt: skip
    if any(get(c, name) > above for name in names):
        yield dict.fromkeys(names, 0.0), NO_MOMENTUM


def _slower(c: RunConfig, which: str, why: str) -> Iterator[Option]:
    """A third of the rate, down to 1e-4: slower than that, nothing is seen to happen."""
    names = ["g_optimizer.lr", "d_optimizer.lr"] if which == "both" else [which]
    changes = {name: _tidy(get(c, name) / 3) for name in names if get(c, name) > 3e-4}
    if changes:
        yield changes, why


def _calm_rates(c: RunConfig, most: float) -> dict[str, Any]:
    return {name: most for name in ("g_optimizer.lr", "d_optimizer.lr") if get(c, name) > most}


def _within(name: str, c: RunConfig, value: float) -> float:
    info = registry.penalty[c.penalty].info if name == "penalty_weight" else {}
    spec = field(name).spec
    low, high = info.get("low", spec.low), info.get("high", spec.high)
    return float(min(max(value, low or 0.0), high if high is not None else value))


def _tidy(value: float) -> float:
    """One significant digit."""
    return float(f"{value:.0e}")
