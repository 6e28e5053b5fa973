"""Translation of pictures: pix2pix and CycleGAN, small enough for a laptop: rates are larger than in the papers, since a run is a few thousand
steps, networks are narrow and shallow, G has a batch of its own in each step, and D's loss is not halved where its formula is not."""

from __future__ import annotations

from gan_core.registry import Story, preset
from gan_core.text import N_

_BASE = {
    "data.image_size": 32, "discriminator.network": "patches", "discriminator.patch": 16, "discriminator.width": 32, "generator.width": 32,
    "penalty": "none", "g_optimizer.beta1": 0.5, "d_optimizer.beta1": 0.5, "g_optimizer.beta2": 0.999, "d_optimizer.beta2": 0.999,
    "schedule": "linear", "lr_final": 0.05, "ema_half_life": 2_000.0, "threads": 1,
}  # fmt: skip
_PAIRS = _BASE | {
    "method": "pix2pix", "generator.network": "unet", "generator.norm": "batch", "discriminator.norm": "batch", "batch_size": 16,
    "loss": "non_saturating", "g_optimizer.lr": 1e-3, "d_optimizer.lr": 5e-4, "horizon": 48_000,
}  # fmt: skip
_CYCLE = _BASE | {
    "method": "cyclegan", "generator.network": "residual", "generator.norm": "instance", "generator.blocks": 2, "generator.width": 16,
    "discriminator.width": 16, "discriminator.norm": "instance",
    "batch_size": 8, "loss": "least_squares", "g_optimizer.lr": 5e-4, "d_optimizer.lr": 5e-4, "horizon": 24_000,
}  # fmt: skip

preset(
    "edges", title=N_("Outlines to digits"), page="translate", goal="translation", paper="Isola et al. 2017, arXiv:1611.07004",
    help=N_("pix2pix draws a digit into its outline. Edges to photographs, in small."),
    changed=N_("G is given a picture instead of noise, and D sees what was given beside what came out: it judges whether the two belong together. An L1 "
               "distance holds G to the truth where it is known."),
    needs=N_("Pairs: of every picture the truth must be known."),
    see=N_("Within a minute the strokes fill. Held-out outlines are filled as well as those it has learned from."),
    try_this=N_("Set **Weight λ of the truth** to 0 while it trains: digits stay sharp and keep to their outlines, since D sees these too; but the error "
                "to the truth rises and stays higher."),
    story=Story(
        use=N_("For pairs that share their outlines."),
        fails=N_("It needs pairs. With the weight of the truth at 0 the error to it rises and stays higher."),
    ),
)(_PAIRS | {"data.name": "edges"})  # fmt: skip

preset(
    "colour", title=N_("Grey to colour"), page="translate", goal="translation", paper="Isola et al. 2017, arXiv:1611.07004; Zhang et al. 2016, arXiv:1603.08511",
    help=N_("pix2pix colours grey shapes. The true colour cannot be known: many have the same grey."),
    changed=N_("Colouring is a translation with many right answers. L1 alone takes their mean, which is brown; D does not take brown for real."),
    needs=N_("Pairs, which every colour picture gives by itself."),
    see=N_("Shapes get some strong colour, rarely the true one, and papers a pale one. L1 to the truth stops falling early: that is no failure."),
    try_this=N_("Set **Weight λ of the truth** to 1,000 while it trains: the colours turn towards brown and grey, and the error falls."),
    story=Story(
        use=N_("To see what D adds to L1, where many answers would do."),
        fails=N_("The true colour is seldom found, since grey does not tell it, and papers stay pale."),
        builds=("recipe.edges",),
    ),
)(_PAIRS | {"data.name": "grey", "l1_weight": 20.0})  # fmt: skip

preset(
    "denoise", title=N_("Noisy to clean"), page="translate", goal="translation", paper="Isola et al. 2017, arXiv:1611.07004",
    help=N_("pix2pix takes the noise out of pictures: what is left is what it has learned that shapes look like."),
    changed=N_("Nothing but the data: the same networks and losses learn another task."),
    needs=N_("Pairs, made by adding noise to clean pictures."),
    see=N_("The flat parts become clean first, and edges get sharp last. PSNR rises far above that of what was given."),
    try_this=N_("Start a new run with **Direction** turned round: it learns to make noise, and all noise looks alike."),
    story=Story(
        use=N_("To clean pictures like those it has seen."),
        fails=N_("It knows one strength of noise only. A fine pattern stays in flat places: Fréchet distance 125 (seed 0)."),
        builds=("recipe.edges",),
    ),
)(_PAIRS | {"data.name": "noisy"})  # fmt: skip

preset(
    "inpaint", title=N_("Filling a hole"), page="translate", goal="translation", paper="Pathak et al. 2016, arXiv:1604.07379; Isola et al. 2017, arXiv:1611.07004",
    help=N_("pix2pix guesses what a grey square hides (in-painting)."),
    changed=N_("The first to fill holes with an adversarial loss were context encoders: L2 alone fills them with a blur."),
    needs=N_("Pairs, made by cutting squares out of whole pictures."),
    see=N_("Outside the hole nothing changes. Inside, edges are carried on; a whole hidden shape can only be guessed."),
    try_this=N_("Start a new run with **Size of a patch** on **34 × 34**: D sees more of the shape at once."),
    story=Story(
        use=N_("To fill holes in pictures of a known kind."),
        fails=N_("A shape that is hidden whole can only be guessed. Fine patterns in flat places cost it a Fréchet distance of 175 (seed 0)."),
    ),
)(_PAIRS | {"data.name": "masked"})  # fmt: skip

preset(
    "enlarge", title=N_("Small to large"), page="translate", goal="translation", paper="Ledig et al. 2017, arXiv:1609.04802; Isola et al. 2017, arXiv:1611.07004",
    help=N_("pix2pix invents the detail that sixteen pixels in one have lost (super-resolution)."),
    changed=N_("SRGAN showed that the picture with the best PSNR is too smooth, and that a discriminator asks for texture."),
    needs=N_("Pairs, made by shrinking pictures."),
    see=N_("Blocks become shapes with straight edges. The direction in which a small star points is a guess."),
    try_this=N_("Set **Weight λ of the truth** to 1,000 while it trains: PSNR rises, and edges get softer."),
    story=Story(
        use=N_("To see invented detail beside the true one."),
        fails=N_("Detail is a guess: what it adds was never in the picture. Its Fréchet distance is 344, since fine patterns show in flat places "
            "(seed 0)."),
        builds=("recipe.edges",),
    ),
)(_PAIRS | {"data.name": "small"})  # fmt: skip

preset(
    "neon", title=N_("Paper to neon"), page="translate", goal="translation", paper="Zhu et al. 2017, arXiv:1703.10593",
    help=N_("CycleGAN turns shapes on paper into glowing outlines and back, without having seen a single pair."),
    changed=N_("Two generators and two discriminators. That a picture must come home from there and back takes the place of knowing the truth."),
    needs=N_("Two heaps of pictures of the same things, and patience: four networks learn."),
    see=N_("Colours of the night come first, then outlines. Both rows come home (third column) long before the translations are right."),
    try_this=N_("Start a new run with **Weight λ of the cycle** on 0: it still makes neon, of any shape."),
    story=Story(
        use=N_("Where there are no pairs."),
        fails=N_("The outlines are still blurred at the end of its schedule, and four networks take about three times as long as pix2pix."),
        builds=("recipe.edges",),
    ),
)(_CYCLE | {"data.name": "styles"})  # fmt: skip
