"""Recipes with a way back, from a picture to what it was made from. On the digits that come with the app, as `recipes`."""

from __future__ import annotations

from gan_core.presets.recipes import _R1, _SMALL
from gan_core.registry import Story, preset
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
    story=Story(
        use=N_("For codes of pictures, for calm training, and to compare with a GAN."),
        fails=N_("Pictures are blurred, and those from noise are rags wherever no code lies."),
    ),
    reaches={"confident": 0.3, "rarest": 0.01},
)(_SMALL | {
    "method": "vae", "latent.dim": 8, "g_optimizer.lr": 2e-3, "d_optimizer.lr": 2e-3, "g_optimizer.beta1": 0.9, "d_optimizer.beta1": 0.9,
    "g_optimizer.beta2": 0.999, "d_optimizer.beta2": 0.999, "horizon": 128_000,
})  # fmt: skip

preset(
    "bigan", title=N_("BiGAN / ALI"), page="images", goal="recipe", paper="Donahue et al. 2017, arXiv:1605.09782; Dumoulin et al. 2017, arXiv:1606.00704",
    help=N_("D judges pictures together with their codes: real ones with what an encoder says, generated ones with their noise."),
    changed=N_("A GAN learns the way back, from a picture to the noise that would make it, without ever comparing two pictures pixel by pixel: if D cannot "
               "tell the pairs apart, encoder and generator must be each other's inverse."),
    needs=N_("A third network, and a D that sees picture and code together. The inverse comes late and stays rough: what is drawn again is alike in kind, "
             "seldom in every stroke."),
    see=N_("Real digits and how they are drawn again: at first anything, later mostly the same digit in another hand."),
    try_this=N_("Start a new run with **Method** on **VAE** and **Penalty** on **None**: drawn again stroke by stroke, but softer."),
    story=Story(
        use=N_("For a way back from pictures to noise in a GAN."),
        fails=N_("What is drawn again is alike in kind, seldom in every stroke."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.45, "rarest": 0.01},
)(_SMALL | _R1 | {
    "method": "bigan", "latent.dim": 8, "penalty_interval": 4, "g_optimizer.lr": 2e-3, "d_optimizer.lr": 2e-3, "horizon": 96_000,
})  # fmt: skip

preset(
    "infogan", title=N_("InfoGAN"), page="images", goal="recipe", paper="Chen et al. 2016, arXiv:1606.03657",
    help=N_("Beside the noise lies a code of ten categories, which D must be able to read off the picture. Nobody tells it the digits."),
    changed=N_("A part of the noise is made to mean something, without a label: G and D are rewarded for what the picture says of its code, a lower bound "
               "of the information between the two."),
    needs=N_("A second output of D, a guess of how many kinds there are, and so little other noise that the code has something to do. Which kinds it "
             "finds is its own affair: a digit, two that look alike, or a way of writing."),
    see=N_("Each column is one category, lettered, since they have no names. Within a few hundred steps the digits of a column get alike."),
    try_this=N_("Start a new run with **Weight λ of the code** on 0: the columns are mixed, since nothing makes G use its code."),
    story=Story(
        use=N_("To find kinds in pictures without labels."),
        fails=N_("A column may be half a digit, or two that look alike: nobody tells it which kinds there are."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.4, "rarest": 0.01},
)(_SMALL | _R1 | {"latent.dim": 4, "latent.categories": 10, "info_weight": 5.0, "horizon": 96_000})  # fmt: skip
