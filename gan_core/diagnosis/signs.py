"""The conditions of a run, the most serious first: each with its words and a sign that finds its evidence in a window of looks.

A sign is a pure function: Window -> Evidence, or None where the condition does not hold. `looks` and `steps`: how long a window it is
read from. `says`: its sentences. `plays`: what must take part in the game for it to mean anything ("g", "d"), `moves`: whether
it means nothing once the schedule has taken the rates away. All scales are relative: to the loss itself, to the size of the data, to
what the run has shown before.
"""

from __future__ import annotations

import math
from statistics import median

import numpy as np
from numpy.typing import NDArray

from gan_core.diagnosis.findings import Evidence
from gan_core.diagnosis.past import Window
from gan_core.diagnosis.pictures import TWINS as REAL_TWINS
from gan_core.registry import condition
from gan_core.text import N_

FAR = 0.1  # from the data, in units of its size: nearer than that, nothing of what is said below is a trouble
VERY_FAR = 0.25  # nearer than that, a discriminator that sees little is near the end of the game
SURE = 0.9  # of the advantage that a discriminator can have
NEVER_WRONG = 0.99  # pairs ordered rightly
BLIND = 0.02  # of that advantage
VANISHED = 0.02  # of the gradient that the generator once had
GONE = 0.5  # share of the points outside the picture
GROWN = 4.0  # times within each third of a window
HUGE = 30.0  # times what a loss is where D sees nothing
COLLAPSED = 0.75  # most of the data that a collapsed generator covers
LOST = 0.97  # where it has lost but a mode or two
ON_DATA = 0.4  # share of generated samples that lie at real ones
TURNOVER = 0.25  # share of the samples that lie elsewhere a few looks later
SAME = 0.3  # spread of generated pictures, where real ones have 1
TWINNED = 0.4  # share of generated pictures with a twin, beyond what chance gives
_LAG = 3  # looks between which that is compared

# ── the device ───────────────────────────────────────────────────────────────────────────────────────────────────────────

RAN_OUT = N_("memory ran out near step {step}")


@condition(
    "out_of_memory", title=N_("Out of memory"), says=(RAN_OUT,), looks=8, steps=0, plays="", moves=False,
    help=N_("The device that the run is trained on had no room left for a step. The run went back to its last good state."),
    why=N_("Each step keeps what every layer makes of every sample of the batch, and a gradient penalty keeps it twice. Other runs and other "
           "programs on the same device need room as well."),
)  # fmt: skip
def out_of_memory(_w: Window) -> Evidence | None:
    """Said when the device says so."""
    return None


# ── divergence ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LEFT = N_("{share} % of the generated points lie far outside the picture")
GREW = N_("the discriminator's outputs on real and generated samples have moved {gap} apart, from {before}")
WILD = N_("the losses swing by {jump}, and guessing would score {blind}")
BLEW_UP = N_("the losses stopped being numbers near step {step}")


@condition(
    "divergence", title=N_("Divergence"), says=(LEFT, GREW, WILD, BLEW_UP), looks=9, steps=300, plays="", moves=False,
    paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("Losses, outputs or samples grow without bound instead of settling."),
    why=N_("Each player's step overshoots the best answer to the other's last one, so that the next must be larger still. Too large "
           "learning rates and momentum do that, and a Wasserstein critic that nothing holds back."),
)  # fmt: skip
def divergence(w: Window) -> Evidence | None:
    """Half of the points gone for good; or |D(x) − D(G(z))| grown fourfold in each third of the window; or losses far above what
    they are where D sees nothing, up and down."""
    if w.share(lambda look: look.away > GONE) >= 0.8 and not w.improves():
        return Evidence(LEFT, {"share": round(100 * w.median("away"))})
    gaps = [abs(look.d_real - look.d_fake) for look in w.looks if math.isfinite(look.d_real - look.d_fake)]
    third = len(gaps) // 3
    if third:
        first, middle, end = (median(part) for part in (gaps[:third], gaps[third : 2 * third], gaps[-third:]))
        unit = max(abs(w.scale.blind), 1.0)
        if end > HUGE * unit and middle > GROWN * first and end > GROWN * middle:
            return Evidence(GREW, {"gap": _rounded(end), "before": _rounded(first)})
        if not math.isfinite(w.scale.sure) and end > 100 * HUGE * unit and end > 1.2 * middle > 1.2 * 1.2 * first:
            return Evidence(GREW, {"gap": _rounded(end), "before": _rounded(first)})
    losses = w.known("d_loss")
    if math.isfinite(w.scale.sure) and losses and w.scale.blind > 0 and median(losses) > 3 * w.scale.blind:
        return Evidence(WILD, {"jump": _rounded(max(losses) - min(losses)), "blind": _rounded(w.scale.blind)})
    return None


# ── the generator learns nothing ─────────────────────────────────────────────────────────────────────────────────────────

FADED = N_(
    "the generator's gradient is {times} times smaller than it was, and D picks the real one of a pair in {order} % of cases"
)


@condition(
    "vanishing_gradients", title=N_("Vanishing gradients"), says=(FADED,), looks=8, steps=300, plays="gd", moves=True,
    paper="Arjovsky & Bottou 2017, arXiv:1701.04862",
    help=N_("The generator hardly gets a direction any more, although its samples are still far from the data."),
    why=N_("The discriminator is sure of itself wherever generated samples lie: its verdict is flat there, and does not say which way "
           "would be better. The minimax loss is flattest exactly then; the non-saturating one was made against it."),
)  # fmt: skip
def vanishing_gradients(w: Window) -> Evidence | None:
    """‖∇L_G‖ below a fiftieth of the largest that lasted, D right about nearly every pair, samples far off and not coming nearer."""
    now, order = w.median("g_gradient"), w.median("order")
    if not (w.reference > 0 and now < VANISHED * w.reference and order >= 0.95):
        return None
    if not _is_stuck(w):
        return None
    times = w.reference / now if now > 0 else math.inf
    return Evidence(FADED, {"times": _rounded(min(times, 1e12)), "order": _percent(order)})


WINS = N_("D picks the real one of a pair in {order} % of cases; its loss is {loss}, and guessing would score {blind}")


@condition(
    "critic_overpowering", title=N_("Critic overpowering"), says=(WINS,), looks=10, steps=400, plays="gd", moves=True,
    paper="Arjovsky & Bottou 2017, arXiv:1701.04862",
    help=N_("The discriminator tells real from generated almost without error, and the samples have stopped getting better."),
    why=N_("It learns faster than the generator can follow. Once it is nearly never wrong, small improvements of the samples "
           "change nothing in its verdict, and the generator has nothing to climb."),
)  # fmt: skip
def critic_overpowering(w: Window) -> Evidence | None:
    """D's loss within a tenth of its floor and nearly every pair ordered rightly all the time, samples far off and no better. A
    Wasserstein critic has no such floor, and may be as good as it likes."""
    won = w.share(lambda look: w.scale.advantage(look.d_loss) >= SURE)
    order = w.median("order")
    if not (won >= 0.8 and order >= NEVER_WRONG and _is_stuck(w)):
        return None
    return Evidence(
        WINS, {"order": _percent(order), "loss": _rounded(w.median("d_loss")), "blind": _rounded(w.scale.blind)}
    )


# ── it learns a part ─────────────────────────────────────────────────────────────────────────────────────────────────────

FEW_MODES = N_("only {modes} of {total} modes have generated samples")
FEW_PLACES = N_("generated samples lie at only {share} % of the data")
ALIKE = N_("generated pictures differ from each other {share} % as much as real ones do")
TWINS = N_("{share} % of the generated pictures are nearly the same as another one; of real pictures {real} %")


@condition(
    "mode_collapse", title=N_("Mode collapse"), says=(FEW_MODES, FEW_PLACES, ALIKE, TWINS), looks=12, steps=600, plays="g", moves=False,
    reads=4, paper="Goodfellow 2016, arXiv:1701.00160; Arora & Zhang 2017, arXiv:1706.08224; Lin et al. 2018, arXiv:1712.04086",
    help=N_("What the generator makes is good, but it is only a part of what the data has."),
    why=N_("The generator only has to convince the discriminator of this moment, and a few convincing places are enough for that. "
           "Nothing in a single verdict says what is missing."),
)  # fmt: skip
def mode_collapse(w: Window) -> Evidence | None:
    """At no look of the window do generated points lie at more than three quarters of the data, and they lie where data is. Or of
    a mode or two nothing has been seen in a window four times as long, and no more of them are found. Of pictures: hardly any spread,
    or most of them nearly the same as another one."""
    if w.places is None:
        return _alike(w)
    each = w.known("coverage")
    if not each or w.last.coverage > COLLAPSED or (found := _covered(w)) is None:
        return None
    ever, part = _ever(found), median(each)
    union = w.places.coverage(ever)
    if w.median("at_data") < ON_DATA or max(each) > part + 0.2 or union > part + 0.2:
        return None
    before, after = each[: len(each) // 2], each[len(each) // 2 :]
    finds_more = median(after) > median(before) + 0.02 or w.improves(0.15)
    if union <= COLLAPSED and not finds_more:
        return _part_of(w, ever, union)
    return None


@condition(
    "lost_modes", title=N_("Lost modes"), says=(FEW_MODES, FEW_PLACES), looks=40, steps=2500, plays="g", moves=False,
    paper="Lin et al. 2018, arXiv:1712.04086",
    help=N_("Most of the data is covered well, but a part of it has had no generated sample for a long time."),
    why=N_("A small gap costs the generator little: the discriminator rarely sees a real sample there, and never a generated one to "
           "compare it with. It is the mild form of mode collapse."),
)  # fmt: skip
def lost_modes(w: Window) -> Evidence | None:
    """Of some places nothing in a long window, and as much in its first half as in the second."""
    if w.places is None or not w.last.coverage < LOST or (found := _covered(w)) is None:
        return None
    ever = _ever(found)
    union = w.places.coverage(ever)
    half = len(found) // 2
    lost_before = w.places.coverage(_ever(found[:half])) <= union
    if COLLAPSED < union < LOST and lost_before and w.median("at_data") >= 0.5 and not w.improves(0.1):
        return _part_of(w, ever, union)
    return None


WANDERS = N_(
    "{now} % of the data is covered at a time, {ever} % over {steps} steps; {share} % of the samples move on from look to look"
)
SWINGS = N_("{share} % of the samples move elsewhere from look to look, and come no nearer")


@condition(
    "cycling", title=N_("Cycling"), says=(WANDERS, SWINGS), looks=14, steps=700, plays="gd", moves=True,
    paper="Mescheder et al. 2018, arXiv:1801.04406; Balduzzi et al. 2018, arXiv:1802.05642",
    help=N_("The generator wanders: it covers a few places at a time, and leaves them again."),
    why=N_("As soon as the discriminator has learned to distrust a place, another one pays better. The two run round each other like a "
           "pendulum without friction: nothing pulls them to the middle."),
)  # fmt: skip
def cycling(w: Window) -> Evidence | None:
    """From look to look a quarter of the samples and more have gone to another place, there and back, the distance from the data
    no smaller; now less is covered than in the whole window."""
    if w.places is None or len(w.places) < 2 or not w.excess > 0.5 * FAR or (found := _covered(w)) is None:
        return None
    where = np.stack([look.where for look in w.looks if look.where is not None])
    moved = np.abs(where[_LAG:] - where[:-_LAG]).sum(1) / 2
    turnover = float(np.median(moved))
    if turnover < TURNOVER or w.improves(0.15):
        return None
    now, ever = w.median("coverage"), w.places.coverage(_ever(found))
    share = round(100 * turnover)
    if ever >= now + 0.3:
        return Evidence(WANDERS, {"now": round(100 * now), "ever": round(100 * ever), "share": share,
                                  "steps": w.last.step - w.since})  # fmt: skip
    return Evidence(SWINGS, {"share": share}) if now < COLLAPSED else None


# ── the discriminator learns nothing ─────────────────────────────────────────────────────────────────────────────────────

SEES_NOTHING = N_(
    "D's loss is {loss}, and guessing would score {blind}; the samples are {far} times as far off as perfect ones"
)
GUESSES = N_(
    "D picks the real one of a pair in {order} % of cases, as by guessing; the samples are {far} times as far off as perfect ones"
)


@condition(
    "critic_blind", title=N_("Critic blind"), says=(SEES_NOTHING, GUESSES), looks=10, steps=500, plays="gd", moves=True,
    paper="",
    help=N_("The discriminator gives real and generated samples the same verdict, although they lie far apart."),
    why=N_("What it does not see, the generator cannot learn. A penalty or noise that is too strong keeps it flat; wrong labels, a "
           "small learning rate or too few steps keep it from learning."),
)  # fmt: skip
def critic_blind(w: Window) -> Evidence | None:
    """D's loss within a fiftieth of that of one verdict for all (a Wasserstein critic: pairs ordered as by chance), while samples
    are far off and not coming nearer; or no better than that at most looks, and they are far off."""
    if not w.excess > VERY_FAR:
        return None
    stuck, far = not w.improves(), _rounded(w.median("distance") / max(w.last.floor, 1e-9))
    if math.isfinite(w.scale.sure):
        little = w.share(lambda look: w.scale.advantage(look.d_loss) < BLIND)
        none = w.share(lambda look: w.scale.advantage(look.d_loss) <= 0)
        if little < 0.8 or not (stuck or none >= 0.6):
            return None
        loss, blind = _rounded(w.median("d_loss")), _rounded(w.scale.blind)
        return Evidence(SEES_NOTHING, {"loss": loss, "blind": blind, "far": far})
    orders = w.known("order")
    if not stuck or not orders or sum(abs(order - 0.5) < 0.1 for order in orders) < 0.8 * len(orders):
        return None
    return Evidence(GUESSES, {"order": _percent(median(orders)), "far": far})


# ── both play, and nothing comes of it ───────────────────────────────────────────────────────────────────────────────────

SCATTERED = N_("only {share} % of the generated samples lie at real ones, no more than {steps} steps ago")


@condition(
    "standstill", title=N_("Standstill"), says=(SCATTERED,), looks=30, steps=1500, plays="gd", moves=True,
    paper="Gulrajani et al. 2017, arXiv:1704.00028",
    help=N_("Both players go on, nothing runs away, and yet the samples stay scattered between and beside the data."),
    why=N_("The discriminator's verdicts give no useful direction. Clipped weights leave it hardly any slope, and batch normalisation "
           "makes it judge a sample by its batch. A network that is too small, or a rate that is, has the same effect."),
)  # fmt: skip
def standstill(w: Window) -> Evidence | None:
    """At every look of a long window most samples are within reach of no real one; in its second half no more than in its first,
    and no nearer."""
    at_data = w.known("at_data")
    if w.places is None or not at_data or max(at_data) > 1.25 * ON_DATA or median(at_data) > ON_DATA:
        return None
    before, after = w.halves("at_data")
    if not w.excess > 0.5 * FAR or w.improves(0.1) or median(after) > median(before) + 0.03:
        return None
    return Evidence(SCATTERED, {"share": round(100 * median(after)), "steps": w.last.step - w.since})


# ── nothing wrong ────────────────────────────────────────────────────────────────────────────────────────────────────────

NO_SIGN = N_("No sign of trouble since step {step}")
WAITS = N_("A verdict needs a few hundred steps")
G_RESTS = N_("The generator makes no steps: there is no game to judge")
D_RESTS = N_("The discriminator makes no steps: there is no game to judge")


@condition(
    "healthy", title=N_("Healthy"), says=(NO_SIGN,), looks=0, steps=0, plays="", moves=False,
    help=N_("None of the known ways to fail shows: neither in the losses nor in the gradients nor in where the samples lie."),
    why=N_("Both players learn, and neither runs away from the other. That says nothing yet about how good the samples will be: "
           "look at the figures below the picture."),
)  # fmt: skip
def healthy(_w: Window) -> Evidence | None:
    """Said when no other condition holds."""
    return None


@condition(
    "early", title=N_("Too early to say"), says=(WAITS,), looks=0, steps=0, plays="", moves=False,
    help=N_("There is not enough to judge by."),
    why=N_("In its first steps every run looks bad: the generator knows nothing, and the discriminator wins. It is the same after "
           "a run was opened again."),
)  # fmt: skip
def early(_w: Window) -> Evidence | None:
    """Said while there are too few looks for any other condition."""
    return None


@condition(
    "resting", title=N_("One player rests"), says=(G_RESTS, D_RESTS), looks=0, steps=0, plays="", moves=False,
    help=N_("Only one of the two players learns."),
    why=N_("The other one's steps per iteration are 0. What one does against a player that stands still says nothing about the "
           "game."),
)  # fmt: skip
def resting(_w: Window) -> Evidence | None:
    """Said while k_d or k_g is 0."""
    return None


NO_JUDGE = N_("Encoder and decoder make one loss small together")


@condition(
    "no_game", title=N_("No game to judge"), says=(NO_JUDGE,), looks=0, steps=0, plays="", moves=False,
    paper="Kingma & Welling 2014, arXiv:1312.6114",
    help=N_("Nobody can win, lose or run away here: most of what goes wrong with GANs cannot happen to a VAE."),
    why=N_("Look at its two curves instead. The reconstruction says how well pictures are drawn again; the KL divergence says how much the codes "
           "tell. Near 0 they tell nothing and all pictures are alike: then lower the weight β."),
)  # fmt: skip
def no_game(_w: Window) -> Evidence | None:
    """Said where no discriminator takes part, and nothing has diverged."""
    return None


TRANSLATES = N_("G is told what to draw, so that signs of forgetting mean nothing here")


@condition(
    "translating", title=N_("No sign that losses blow up"), says=(TRANSLATES,), looks=0, steps=0, plays="", moves=False,
    paper="Isola et al. 2017, arXiv:1611.07004",
    help=N_("This run translates pictures; of troubles only losses that blow up and memory that runs out are looked for."),
    why=N_("A translation is compared with the truth itself: look at the errors on held-out pictures, and at the pictures. A D that is always right is "
           "no trouble here, as long as they get better."),
)  # fmt: skip
def translating(_w: Window) -> Evidence | None:
    """Nothing is looked for."""
    return None


UNTROUBLED = ("healthy", "early", "resting", "no_game", "translating")


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _alike(w: Window) -> Evidence | None:
    """Of pictures: a small spread that does not grow, or twins at every reading: far more than real pictures have, and than chance makes
    of so few training pictures."""
    spreads = [reading.spread for reading in w.readings]
    if spreads and max(spreads) < SAME and max(spreads) < 2 * min(spreads) and not w.improves(0.02):
        return Evidence(ALIKE, {"share": round(100 * median(spreads))})
    if w.readings and min(reading.twins - reading.expected for reading in w.readings) > TWINNED:
        share = median(reading.twins for reading in w.readings)
        return Evidence(TWINS, {"share": round(100 * share), "real": round(100 * REAL_TWINS)})
    return None


def _is_stuck(w: Window) -> bool:
    """Whether the samples are far from the data and come no nearer. Of pictures and where nothing is measured: by the losses alone."""
    if not w.known("distance"):
        return False
    return w.excess > FAR and not w.improves()


def _covered(w: Window) -> NDArray[np.bool_] | None:
    """(looks, K): which places have generated samples at each look; None where that is not known of all."""
    covered = [look.covered for look in w.looks if look.covered is not None]
    return np.stack(covered) if len(covered) == len(w.looks) else None


def _ever(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(looks, K) -> (K,): at any of the looks."""
    return np.asarray(found.any(0))


def _part_of(w: Window, ever: NDArray[np.bool_], share: float) -> Evidence:
    if w.places is not None and w.places.are_modes:
        return Evidence(FEW_MODES, {"modes": int(ever.sum()), "total": len(ever)})
    return Evidence(FEW_PLACES, {"share": round(100 * share)})


def _rounded(value: float) -> float | int:
    """Two significant digits, a whole number from 10 on: enough for a sentence, and it does not flicker."""
    if not math.isfinite(value) or value == 0:
        return 0
    digits = 1 - math.floor(math.log10(abs(value)))
    return round(value, digits) if digits > 0 else int(round(value, digits))


def _percent(share: float) -> float | int:
    """A percentage: whole, but never 100 where it is less."""
    percent = 100 * share
    return round(percent) if percent <= 99 or percent == 100 else round(percent, 1)
