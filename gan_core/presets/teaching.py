"""Presets that teach: small networks that fail in a known way, the change that helps, and comparisons side by side.

What each of them claims is proven by tests/unit/test_teaching.py. None averages the generator: what is shown is what trains.
"""

from __future__ import annotations

from gan_core.registry import preset
from gan_core.text import N_

_SMALL = {
    "data.name": "ring", "data.sigma": 0.05, "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16),
    "batch_size": 64, "loss": "non_saturating", "penalty": "none", "ema_half_life": 0.0,
}  # fmt: skip
_BENT = {"generator.activation": "relu", "discriminator.activation": "relu"}

preset(
    "collapse", title=N_("Mode collapse"), page="lab", goal="lesson",
    help=N_("The original minimax game, with a discriminator that learns much faster than the generator."),
    see=N_("The orange points gather in one or two of the eight clusters and stay there; the others get nothing."),
    try_this=N_("While it trains, set **Penalty** to **R1 (zero-centred, on real)** and **Penalty weight** to 0.1: all eight clusters "
                "fill."),
)(_SMALL | _BENT | {"loss": "minimax", "k_d": 5, "d_optimizer.lr": 2e-2})  # fmt: skip

preset(
    "cycling", title=N_("Cycling"), page="lab", goal="lesson",
    help=N_("The generator's rate is ten times the discriminator's, and both keep their momentum: G outruns every verdict."),
    see=N_("The orange cloud rushes from cluster to cluster and leaves each again: few are covered at a time, nearly all in turn."),
    try_this=N_("While it trains, set **β₁ of G** and **β₁ of D** to 0 and lower **Learning rate of G** to 0.001: it slows down and spreads over "
                "the ring."),
)(_SMALL | {"g_optimizer.lr": 1e-2, "g_optimizer.beta1": 0.9, "d_optimizer.beta1": 0.9})  # fmt: skip

preset(
    "vanishing", title=N_("Vanishing gradients"), page="lab", goal="lesson",
    help=N_("The minimax game against a perfect critic: D takes five fast steps for each plain gradient step of G."),
    see=N_("Within a hundred steps D is never wrong, its verdict is flat where the orange points lie, and G's gradient is gone: they stop "
           "where they are."),
    try_this=N_("While it trains, set **Loss** to **Non-saturating (log loss)**: the gradient is back at once, and the points set off for the nearest "
                "clusters."),
)(_SMALL | {"loss": "minimax", "k_d": 5, "d_optimizer.lr": 1e-2, "g_optimizer.name": "sgd", "g_optimizer.lr": 1e-3})  # fmt: skip

preset(
    "critic_steps", title=N_("Too few steps of D, and too many"), page="compare", goal="lesson",
    help=N_("How often may the discriminator learn for each step of the generator? One for ten, one for one, ten for one."),
    see=N_("Too few, and G outruns it: the points rush about together. Too many, and G sees a finished verdict: the points sit down in the "
           "few clusters that it names. In between all eight fill."),
    try_this=N_("While the third one trains, set **Penalty** to **R1 (zero-centred, on real)** and **Penalty weight** to 0.1: now ten steps "
                "do no harm, and the clusters fill."),
    versions=({"k_d": 1, "k_g": 10}, {"k_d": 1, "k_g": 1}, {"k_d": 10, "k_g": 1}),
)(_SMALL | _BENT | {"loss": "minimax", "d_optimizer.lr": 6e-3})  # fmt: skip

preset(
    "wgan", title=N_("Clipping or a gradient penalty"), page="compare", goal="lesson",
    help=N_("A Wasserstein critic must not be steep. Its weights are clipped on one side, as first proposed; its slope is pulled to 1 on the "
            "other."),
    see=N_("Clipped to ±0.01, the critic's slope is next to nothing: G gets hardly any direction, and its points stay scattered. With the "
           "penalty the slope is near 1, and the clusters fill."),
    try_this=N_("While the clipped one trains, raise **Penalty weight**, which is its bound, from 0.01 to 0.2: its critic wakes up. The right "
                "bound has to be searched for."),
    versions=({"penalty": "weight_clipping", "penalty_weight": 0.01}, {"penalty": "wgan_gp", "penalty_weight": 1.0}),
)(_SMALL | {"loss": "wasserstein", "k_d": 3, "g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3})  # fmt: skip

preset(
    "sgd_adam", title=N_("SGD against Adam"), page="compare", goal="lesson",
    help=N_("The same game with plain gradient steps, at a rate that just holds, and with Adam."),
    see=N_("Adam scales each weight's steps and fills all eight clusters. SGD swings: after a thousand steps its points are still scattered "
           "far more widely."),
    try_this=N_("In a new run with SGD, set **Learning rate of G** and **Learning rate of D** to 0.01: calmer, and after as many steps it has "
                "hardly begun."),
    versions=(
        {"g_optimizer.name": "sgd", "d_optimizer.name": "sgd", "g_optimizer.lr": 0.1, "d_optimizer.lr": 0.1},
        {"g_optimizer.name": "adam", "d_optimizer.name": "adam", "g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3},
    ),
)(_SMALL)  # fmt: skip

preset(
    "batch_norm", title=N_("Batch normalisation in D"), page="compare", goal="lesson",
    help=N_("The same small GAN, once with a discriminator that sees each sample alone, once with one that normalises over the batch."),
    see=N_("Without it the orange points find all eight clusters. With it D judges a batch by its own mean and spread, single samples get no "
           "verdict, and clusters stay empty."),
    try_this=N_("Set the discriminator's **Normalisation** to **Layer** instead of **Batch** in a new run: it works sample by sample."),
    versions=({"discriminator.norm": "none"}, {"discriminator.norm": "batch"}),
)(_SMALL | {"g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3})  # fmt: skip

preset(
    "label_noise", title=N_("Wrong labels"), page="compare", goal="lesson",
    help=N_("The discriminator is told the truth, a lie in one of ten cases, and a lie in half of them."),
    see=N_("One wrong label in ten does no harm: all clusters fill, and D is only less sure. With half of them wrong labels say nothing: D's "
           "verdicts are all alike, and the orange points drift."),
    try_this=N_("While the last one trains, lower **Label flips** from 0.5 to 0: D learns to see, and the points find the clusters."),
    versions=({"label_flip": 0.0}, {"label_flip": 0.1}, {"label_flip": 0.5}),
)(_SMALL | {"g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3})  # fmt: skip

preset(
    "imbalance", title=N_("Rare clusters"), page="lab", goal="lesson",
    help=N_("The commonest of eight clusters has thirty times as many points as the rarest, which a batch of 64 often misses."),
    see=N_("The common clusters fill first; the rare ones together get less than half of the points that are theirs, and some stay nearly "
           "empty."),
    try_this=N_("Set **Imbalance** to 1 in a new run: the same networks fill all eight, since no cluster is rare."),
)(_SMALL | {"data.imbalance": 30.0, "d_optimizer.lr": 3e-3})  # fmt: skip

preset(
    "one_number", title=N_("One number for a disc"), page="lab", goal="lesson",
    help=N_("The generator has a single random number to fill a round area with: it can only draw a curve."),
    see=N_("The orange points lie on one line that winds through the disc, ever longer, with gaps between its bends: a curve never covers "
           "an area."),
    try_this=N_("Set **Latent dimension** to 2 in a new run: the sheet covers the disc, and the gaps close."),
)(_SMALL | {"data.name": "disc", "data.sigma": 0.0, "latent.dim": 1, "penalty": "r1_r2", "penalty_weight": 0.3, "d_optimizer.lr": 3e-3})  # fmt: skip
