"""Recipes with an encoder: what a GAN is compared with. On the digits that come with the app, as `recipes`."""

from __future__ import annotations

from gan_core.presets.recipes import _SMALL
from gan_core.registry import preset
from gan_core.text import N_

preset(
    "vae", title=N_("VAE"), page="images", goal="recipe", paper="Kingma & Welling 2014, arXiv:1312.6114",
    help=N_("No game at all: an encoder gives each digit a code, and the same generator as DCGAN's draws it again from that."),
    changed=N_("A generator can be trained by a likelihood, or rather by a bound of it, with a second network that guesses where each picture comes "
               "from: one loss, one slope, and nothing that forgets or circles."),
    needs=N_("Codes that lie like the noise, or samples from noise are wrong; and a model of what a pixel's error costs, here a Gaussian. What it "
             "is unsure of it draws as an average: blurred."),
    see=N_("Real digits are drawn again within a few hundred steps, when those from noise are still rags: noise does not lie where the codes do."),
    try_this=N_("While it trains, set **Weight β of the codes** to 10: digits from noise get whole, and those that are drawn again get softer."),
    reaches={"confident": 0.3, "rarest": 0.01},
)(_SMALL | {
    "method": "vae", "latent.dim": 8, "g_optimizer.lr": 2e-3, "d_optimizer.lr": 2e-3, "g_optimizer.beta1": 0.9, "d_optimizer.beta1": 0.9,
    "g_optimizer.beta2": 0.999, "d_optimizer.beta2": 0.999, "horizon": 128_000,
})  # fmt: skip
