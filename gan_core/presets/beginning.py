"""Presets to begin with: runs that go well, each finished within a minute on two cores (points: by the compiled step); and the plainest
GAN there is."""

from __future__ import annotations

from gan_core.registry import preset
from gan_core.text import N_

_SETTLED = {"schedule": "cosine", "lr_final": 0.005, "penalty_final": 0.004}
_POINTS = {
    "latent.dim": 2, "generator.hidden": (32, 32, 32), "discriminator.hidden": (32, 32, 32), "batch_size": 128,
    "loss": "relativistic", "penalty": "r1_r2", "penalty_weight": 0.05, "penalty_interval": 4,
    "g_optimizer.lr": 4e-3, "d_optimizer.lr": 4e-3, "ema_half_life": 120_000.0, **_SETTLED,
}  # fmt: skip

preset("ring", title=N_("Ring of eight"), page="lab", goal="begin",
       see=N_("The orange points leave one blot and find all eight clusters; then the field pales, since D has nothing left to tell apart."),
       try_this=N_("Set **Data set** to **Grid of Gaussians** and start a new run with the same settings: twenty-five to find, not eight."),
       help=N_("Eight tight clusters on a circle: the classic test for mode collapse. All eight should fill."))(
    {"data.name": "ring", **_POINTS, "latent.distribution": "sphere", "penalty_final": 0.001, "horizon": 6_400_000}
)  # fmt: skip
preset("grid", title=N_("Grid of twenty-five"), page="lab", goal="begin",
       see=N_("The orange sheet unfolds over the square and tears between the clusters, until all twenty-five have points."),
       try_this=N_("Start a new run with **Penalty** on **None**, and compare how many of the twenty-five are found, and kept."),
       help=N_("Twenty-five clusters: plain GANs forget some of them, a relativistic loss with R1 + R2 keeps them all."))(
    {"data.name": "grid", **_POINTS, "latent.distribution": "uniform", "horizon": 9_600_000}
)  # fmt: skip
preset("moons", title=N_("Two moons"), page="lab", goal="begin",
       see=N_("The border between blue and orange bends round both moons, and fades as the samples arrive."),
       try_this=N_("Set **Latent distribution** to **Uniform in [−1, 1]** in a new run: the sheet has corners now, and folds another way."),
       help=N_("Two interlocking half circles: watch the critic's border bend until it finds nothing to say."))(
    {"data.name": "moons", **_POINTS, "horizon": 2_000_000, "ema_half_life": 60_000.0}
)  # fmt: skip
preset("gan_lab", title=N_("Small and plain"), page="lab", goal="begin",
       see=N_("The two players chase each other: the orange cloud swings between the two blue ones before it splits."),
       try_this=N_("While it trains, set **Penalty** to **R1 (zero-centred, on real)** and look at how the swings die down."),
       help=N_("Two layers of 16 and the classic loss, no penalty: quick, and often unstable. Add a penalty and compare."))(
    {"data.name": "two_gaussians", "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16),
     "generator.activation": "relu", "discriminator.activation": "relu", "batch_size": 150, "loss": "non_saturating",
     "penalty": "none", "g_optimizer.beta1": 0.5, "d_optimizer.beta1": 0.5}
)  # fmt: skip
preset("digits", title=N_("Small digits"), page="images", goal="begin",
       see=N_("Each place in the grid has its own noise, always the same: watch one of them turn from grey into strokes, and into a digit."),
       try_this=N_("While it trains, set **EMA half-life** to 0: now you see the generator of this very step, which flickers."),
       help=N_("1,500 handwritten digits that come with the app, learned by fully connected networks: readable in half a minute."))(
    {"data.name": "digits", "data.image_size": 28, "latent.dim": 16, "generator.hidden": (256, 256), "discriminator.hidden": (256, 256),
     "loss": "non_saturating", "penalty": "r1", "penalty_weight": 4.0, "penalty_final": 0.5, "penalty_interval": 4, "batch_size": 32,
     "schedule": "cosine", "lr_final": 0.5, "horizon": 130_000, "ema_half_life": 10_000.0, "threads": 1}
)  # fmt: skip
preset("mnist", title=N_("MNIST"), page="images", goal="begin",
       see=N_("Blots become strokes and strokes become digits; the averaged generator is calmer than the one that trains."),
       try_this=N_("Start a new run with **Penalty** on **None** and compare the digits after as many steps."),
       help=N_("60,000 handwritten digits, the field's first test: from noise to digits in a minute on a laptop."))(
    {"data.name": "mnist", "data.image_size": 28, "latent.dim": 16, "generator.network": "dcgan", "generator.norm": "batch",
     "generator.activation": "relu", "generator.width": 16, "discriminator.network": "dcgan", "discriminator.width": 16,
     "loss": "non_saturating", "penalty": "r1", "penalty_weight": 1.0, "penalty_interval": 8, "g_optimizer.lr": 4e-3, "d_optimizer.lr": 8e-3,
     "g_optimizer.beta1": 0.5, "d_optimizer.beta1": 0.5, "batch_size": 24, "schedule": "cosine", "lr_final": 0.05,
     "horizon": 76_000, "ema_half_life": 3_000.0}
)  # fmt: skip
