"""Recipes: the methods of the field, each as its paper has it but for its size, on the digits that come with the app.

An entry's `info` says besides: `changed`, what the method changed when it appeared; `needs`, what it does not work without; `reaches`, the
share of samples that a classifier recognises (real digits: 95 %) and the share of the rarest class that tests/long/test_recipes.py holds
it to; `gpu`, the gigabytes of memory of the GPU that it is made for. Rates are larger than in the papers, since a run is a few thousand
steps here and not a few hundred thousand.
"""

from __future__ import annotations

from gan_core.registry import Story, preset
from gan_core.text import N_

# Convolutions as in DCGAN, 16 × 16 pixels, batch normalisation in G.
_SMALL = {
    "data.name": "digits", "data.image_size": 16, "latent.dim": 32, "batch_size": 32, "threads": 1,
    "generator.network": "dcgan", "generator.norm": "batch", "generator.activation": "relu", "generator.width": 32,
    "discriminator.network": "dcgan", "discriminator.width": 32, "g_optimizer.beta1": 0.5, "d_optimizer.beta1": 0.5,
    "schedule": "cosine", "lr_final": 0.05, "horizon": 160_000, "ema_half_life": 5_000.0, "loss": "non_saturating", "penalty": "none",
}  # fmt: skip
_NO_MOMENTUM = {"g_optimizer.beta1": 0.0, "d_optimizer.beta1": 0.0}
_R1 = {"penalty": "r1", "penalty_weight": 1.0, "penalty_interval": 8, "g_optimizer.lr": 4e-3, "d_optimizer.lr": 8e-3}
_HINGE = {
    "loss": "hinge",
    "discriminator.spectral_norm": True,
    "g_optimizer.lr": 2e-3,
    "d_optimizer.lr": 8e-3,
    **_NO_MOMENTUM,
}

preset(
    "gan", title=N_("GAN (2014)"), page="images", goal="recipe", paper="Goodfellow et al. 2014, arXiv:1406.2661",
    help=N_("Fully connected networks and the non-saturating loss: where it began."),
    changed=N_("A generator learns from a second network's verdict instead of from a likelihood: no density to write down, no Markov chain, and a "
               "sample is one pass through the network."),
    needs=N_("Two players of similar strength. Nothing keeps D from winning, and nothing keeps G from drawing the same digits again and "
             "again."),
    see=N_("Digits with grainy strokes, and some kinds of digit that hardly ever come: this one forgets."),
    try_this=N_("Start a new run with **Penalty** on **R1 (zero-centred, on real)**: every digit comes back."),
    story=Story(
        use=N_("To see where it began, and what the others are compared with."),
        fails=N_("It forgets classes, strokes stay grainy, and nothing keeps D from winning."),
    ),
    reaches={"confident": 0.5},
)(_SMALL | {
    "generator.network": "mlp", "generator.norm": "none", "generator.activation": "leaky_relu", "generator.hidden": (256, 256),
    "discriminator.network": "mlp", "discriminator.hidden": (256, 256), "g_optimizer.lr": 1e-3, "d_optimizer.lr": 1e-3,
})  # fmt: skip

preset(
    "dcgan", title=N_("DCGAN"), page="images", goal="recipe", paper="Radford et al. 2016, arXiv:1511.06434",
    help=N_("Convolutions in both players, batch normalisation, no pooling: the first GAN that could be trained on almost anything."),
    changed=N_("Strided convolutions instead of fully connected layers, batch normalisation in both networks, ReLU in G and LeakyReLU in D, Adam "
               "with β₁ = 0.5."),
    needs=N_("Batch normalisation in D, which lets it compare the samples of a batch, and a D that does not learn too fast. It still forgets "
             "classes."),
    see=N_("Strokes are smooth from early on, since neighbouring pixels share their weights. Count the kinds of digit."),
    try_this=N_("Start a new run with the discriminator's **Normalisation** on **None** and **Spectral normalisation** on."),
    story=Story(
        use=N_("As the fast convolutional baseline that the next ten years are compared with."),
        fails=N_("The rarest digit disappears (0.0 % with seed 0), and D must not learn too fast."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.4},
)(_SMALL | {"discriminator.norm": "batch", "g_optimizer.lr": 1e-3, "d_optimizer.lr": 5e-4})  # fmt: skip

preset(
    "lsgan", title=N_("LSGAN"), page="images", goal="recipe", paper="Mao et al. 2017, arXiv:1611.04076",
    help=N_("DCGAN with squared distances to two targets instead of the log loss."),
    changed=N_("A sample far on the right side of D's border is still pulled back towards it, since its squared distance counts: the gradient does not "
               "vanish where D is sure."),
    needs=N_("What DCGAN needs, and it forgets classes as that does. The outputs of D have no bound, so that its rate must be moderate."),
    see=N_("D's outputs gather around 1 for real digits and around 0 for generated ones, and meet at one half."),
    try_this=N_("While it trains, set **Loss** to **Non-saturating (log loss)**, and look at how the outputs of D move apart."),
    story=Story(
        use=N_("To see what another loss alone changes in DCGAN."),
        fails=N_("Classes are still lost (0.2 % with seed 0): the loss keeps gradients alive and not modes."),
        builds=("recipe.dcgan",),
    ),
    reaches={"confident": 0.4},
)(_SMALL | {"discriminator.norm": "batch", "loss": "least_squares", "g_optimizer.lr": 1e-3, "d_optimizer.lr": 5e-4})  # fmt: skip

preset(
    "wgan_clip", title=N_("WGAN (clipping)"), page="images", goal="recipe", paper="Arjovsky et al. 2017, arXiv:1701.07875",
    help=N_("A critic that estimates a distance between real and generated pictures, kept smooth by clipping its weights."),
    changed=N_("The loss is an estimate of the Wasserstein distance, which falls as the samples get better: the first loss of a GAN that says something. The "
               "critic may be trained well without its gradient vanishing."),
    needs=N_("Several steps of the critic for each of G's, RMSprop without momentum, and a bound of the weights that has to be searched for."),
    see=N_("The distance between D's outputs on real and on generated digits shrinks slowly while the digits get clearer."),
    try_this=N_("Start a new run with **Penalty** on **Gradient penalty (WGAN-GP)** and **Penalty weight** on 10: the critic uses all its "
                "weights."),
    story=Story(
        use=N_("To learn what the Wasserstein loss wants, and why clipping is a poor way to give it."),
        fails=N_("It is slow, and the least readable of the unconditional ones with all their digits (40 % recognised, seed 0). Another bound "
            "needs other rates."),
        builds=("recipe.dcgan",),
    ),
    reaches={"confident": 0.3},
)(_SMALL | {
    "loss": "wasserstein", "penalty": "weight_clipping", "penalty_weight": 0.05, "k_d": 3, "g_optimizer.name": "rmsprop",
    "d_optimizer.name": "rmsprop", "g_optimizer.lr": 1e-3, "d_optimizer.lr": 1e-3, "horizon": 240_000,
})  # fmt: skip

preset(
    "wgan_gp", title=N_("WGAN-GP"), page="images", goal="recipe", paper="Gulrajani et al. 2017, arXiv:1704.00028",
    help=N_("The Wasserstein critic, kept smooth by a penalty on its slope instead of by clipping."),
    changed=N_("The slope of the critic is pulled to 1 on the lines between real and generated pictures: no capacity is lost to clipped weights, and many "
               "architectures train with the same settings."),
    needs=N_("More than one step of the critic for each of G's, a second backward pass, and no batch normalisation in the critic: the penalty is of "
             "each sample alone."),
    see=N_("All kinds of digit are there early, if rough: it seldom forgets one."),
    try_this=N_("While it trains, lower **Penalty weight** to 0: within a few hundred steps the critic gets steep and the digits break up."),
    story=Story(
        use=N_("Where no class may be lost and time is no matter."),
        fails=N_("Slower than R1: two steps of the critic and a second backward pass. Batch normalisation in the critic breaks the penalty."),
        builds=("recipe.wgan_clip",),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | _NO_MOMENTUM | {
    "loss": "wasserstein", "penalty": "wgan_gp", "penalty_weight": 10.0, "k_d": 2, "discriminator.norm": "layer", "g_optimizer.lr": 3e-3,
    "d_optimizer.lr": 3e-3, "horizon": 240_000,
})  # fmt: skip

preset(
    "dragan", title=N_("DRAGAN"), page="images", goal="recipe", paper="Kodali et al. 2017, arXiv:1705.07215",
    help=N_("The original loss with a gradient penalty in a cloud around the real pictures."),
    changed=N_("Collapse was blamed on slopes of D that are too steep near real samples; it is kept to 1 there and left free elsewhere. One step of D for each "
               "of G's is enough."),
    needs=N_("Noise of the right size around the data, and a second backward pass."),
    see=N_("The gradient norm of D stays calm from the start, and no kind of digit is lost."),
    try_this=N_("While it trains, set **Penalty** to **None**, and look at the gradient norms."),
    story=Story(
        use=N_("To try a gradient penalty with the original loss and one step of D."),
        fails=N_("The size of the cloud is a guess that another data set may not share. It costs nearly twice the time of R1."),
        builds=("recipe.gan", "recipe.wgan_gp"),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | {"penalty": "dragan", "penalty_weight": 10.0, "penalty_interval": 2, "g_optimizer.lr": 3e-3, "d_optimizer.lr": 3e-3})  # fmt: skip

preset(
    "sngan", title=N_("SNGAN"), page="images", goal="recipe", paper="Miyato et al. 2018, arXiv:1802.05957",
    help=N_("Every weight matrix of D is divided by its largest singular value; with the hinge loss."),
    changed=N_("D is kept smooth by what its layers are, without a penalty and without a second backward pass: one power iteration a step."),
    needs=N_("A D that learns faster than G, or several steps of it, since it cannot get steep."),
    see=N_("Steady from the first step on: losses hardly move, while the digits keep improving."),
    try_this=N_("Start a new run with **Spectral normalisation** off: the hinge loss alone does not keep D in check."),
    story=Story(
        use=N_("Where steps must stay cheap and D smooth, without a penalty to tune."),
        fails=N_("With D's rate as small as G's, D is too weak to say much. Without spectral normalisation the hinge loss alone does not hold."),
        builds=("recipe.wgan_gp",),
    ),
    reaches={"confident": 0.45, "rarest": 0.02},
)(_SMALL | _HINGE)  # fmt: skip

preset(
    "r1", title=N_("R1"), page="images", goal="recipe", paper="Mescheder et al. 2018, arXiv:1801.04406",
    help=N_("The original loss, and a D that is flat at real pictures."),
    changed=N_("Why plain GANs circle around their solution was shown in a model of two numbers, and that a penalty on D's slope at real samples alone makes "
               "them converge."),
    needs=N_("A weight that suits the size of the pictures; it is applied at every eighth step here, eight times as strong."),
    see=N_("D's outputs on real and generated digits come together and stay there."),
    try_this=N_("While it trains, set **Penalty weight** to 100: D is flat, and G learns next to nothing."),
    story=Story(
        use=N_("As the first thing to try on new data."),
        fails=N_("A weight that does not suit the size of the pictures: too large and D is flat, too small and the game swings."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.45, "rarest": 0.02},
)(_SMALL | _R1)  # fmt: skip

preset(
    "relativistic_pairs", title=N_("Relativistic pairs (R1 + R2)"), page="images", goal="recipe", paper="Huang et al. 2024, arXiv:2501.05441",
    help=N_("D compares a real with a generated picture, and is kept flat at both: the loss of R3GAN."),
    changed=N_("D does not say how real a picture is but whether it is more real than another one: there is no border behind which samples could hide "
               "together. With R1 and R2 it is proven to converge."),
    needs=N_("Both penalties: without them it swings like the others."),
    see=N_("All kinds of digit appear and none is lost, in equal shares to the end."),
    try_this=N_("Start a new run with **Loss** on **Non-saturating (log loss)** and the same penalties, and compare the rarest digit."),
    story=Story(
        use=N_("Where modes must be kept for certain."),
        fails=N_("It needs both penalties, each with a backward pass of its own, so that a step costs more than with R1."),
        builds=("recipe.r1", "recipe.ragan"),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | _NO_MOMENTUM | {
    "loss": "relativistic", "penalty": "r1_r2", "penalty_weight": 1.0, "penalty_interval": 4, "g_optimizer.lr": 4e-3, "d_optimizer.lr": 4e-3,
})  # fmt: skip

preset(
    "ragan", title=N_("Relativistic average"), page="images", goal="recipe", paper="Jolicoeur-Martineau 2018, arXiv:1807.00734",
    help=N_("Each picture is compared with the mean verdict on the other kind."),
    changed=N_("G also learns from real pictures: as generated ones get more real, real ones must look less real beside them, as in a distance between "
               "distributions."),
    needs=N_("Batches that are large enough for a mean to say something, and a penalty or a normalisation that keeps D smooth."),
    see=N_("The verdicts on real and on generated digits stay close together: only their difference counts."),
    try_this=N_("While it trains, set **Loss** to **Relativistic (paired)**: single pairs instead of means."),
    story=Story(
        use=N_("With large batches, and to compare means with single pairs."),
        fails=N_("Small batches give a poor mean. On these digits it is no better than R1 (seed 0)."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | _R1 | {"loss": "relativistic_average"})  # fmt: skip

preset(
    "pacgan", title=N_("PacGAN"), page="images", goal="recipe", paper="Lin et al. 2018, arXiv:1712.04086",
    help=N_("D judges two digits at once: both real, or both generated."),
    changed=N_("A pack of samples shows what a lone one cannot: that some kinds never come. Collapse gets expensive without a new loss or architecture."),
    needs=N_("Nothing but more channels at D's entrance; each verdict rests on fewer packs than there are samples."),
    see=N_("All kinds of digit come from early on, in shares that are nearly even."),
    try_this=N_("Start a new run with **Samples judged together** on 4, and look at what it costs in sharpness."),
    story=Story(
        use=N_("Against mode collapse where neither loss nor networks shall change."),
        fails=N_("Verdicts are fewer, and the digits a little less clear than with R1 alone (52 % recognised, 57 %; seed 0)."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | _R1 | {"discriminator.packing": 2})  # fmt: skip

preset(
    "minibatch_std", title=N_("Minibatch standard deviation"), page="images", goal="recipe", paper="Karras et al. 2018, arXiv:1710.10196",
    help=N_("D's last layer is told how much the digits of its batch differ."),
    changed=N_("One number without a weight of its own does what minibatch discrimination did with many: samples that are all alike give themselves away."),
    needs=N_("Batches of four and more; it is one channel more in front of D's last layer."),
    see=N_("The generated digits differ as much as the real ones, from early on."),
    try_this=N_("Start a new run with **Minibatch standard deviation** off and the same seed, and compare the rarest digit."),
    story=Story(
        use=N_("Against samples that are all alike."),
        fails=N_("Where a penalty already keeps all classes it adds nothing that the figures show."),
        builds=("recipe.dcgan",),
    ),
    reaches={"confident": 0.4, "rarest": 0.02},
)(_SMALL | _R1 | {"discriminator.minibatch_std": True})  # fmt: skip

preset(
    "feature_matching", title=N_("Feature matching"), page="images", goal="recipe", paper="Salimans et al. 2016, arXiv:1606.03498",
    help=N_("G does not try to convince D: it makes the mean of D's features the same on its digits as on real ones."),
    changed=N_("G has a goal that stands still while D moves little: statistics of real pictures that D finds worth looking at, instead of the verdict "
               "itself."),
    needs=N_("A D whose features go on changing, and batches that are large enough for a mean. One digit may be anything as long as the mean "
             "is right."),
    see=N_("G's loss falls instead of swinging, and the digits come slower and stay rougher than those of R1 with the same networks."),
    try_this=N_("While it trains, set **Feature matching** to 0: G listens to the verdicts again, and the strokes get cleaner."),
    story=Story(
        use=N_("To see G learn from features and not from verdicts."),
        fails=N_("A mean of features does not ask for clean strokes: 46 % recognised, 57 % with R1 alone (seed 0)."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.3, "rarest": 0.005},
)(_SMALL | _R1 | {"feature_matching": 1.0})  # fmt: skip

preset(
    "sagan", title=N_("SAGAN"), page="images", goal="recipe", paper="Zhang et al. 2019, arXiv:1805.08318",
    help=N_("Self-attention in both players: every place of a picture looks at every other."),
    changed=N_("Convolutions see a neighbourhood; attention compares distant places, so that parts that belong together fit. Spectral normalisation in both "
               "players, and two rates (TTUR) instead of several steps of D."),
    needs=N_("Memory that grows with the square of the number of places, which is why the layer lies at half the size."),
    see=N_("It begins as a plain convolutional GAN, since attention starts at zero, and is let in as it learns."),
    try_this=N_("Start a new run with **Spectral normalisation of G** off: gradients of G grow."),
    story=Story(
        use=N_("On pictures larger than these, whose parts must agree over a distance."),
        fails=N_("On digits of 16 pixels it costs time and ends no better than SNGAN (seed 0)."),
        builds=("recipe.sngan",),
    ),
    reaches={"confident": 0.4, "rarest": 0.01},
)(_SMALL | _HINGE | {"generator.spectral_norm": True, "generator.attention": True, "discriminator.attention": True, "horizon": 96_000})  # fmt: skip

preset(
    "cgan", title=N_("Conditional GAN"), page="images", goal="recipe", paper="Mirza & Osindero 2014, arXiv:1411.1784",
    help=N_("You ask for a digit, and G draws it: the class is laid beside the noise, and beside the picture for D."),
    changed=N_("Both players are told a class, so that one generator draws what it is asked for."),
    needs=N_("Labels. The class enters at the first layer only, and D has to carry it through all the others."),
    see=N_("Each column was asked for one digit. They differ within a few hundred steps, long before single digits are clean."),
    try_this=N_("Start a new run with **How D is told the class** on **Projection**: the classes are right sooner."),
    story=Story(
        use=N_("To ask for a class, as simply as can be."),
        fails=N_("It heeds its class less than projection does, since that enters at the first layer alone."),
        builds=("recipe.gan",),
    ),
    reaches={"confident": 0.6, "rarest": 0.04},
)(_SMALL | _R1 | {"generator.conditioning": "concat", "discriminator.conditioning": "concat", "horizon": 100_000})  # fmt: skip

preset(
    "projection", title=N_("Projection discriminator"), page="images", goal="recipe", paper="Miyato & Koyama 2018, arXiv:1802.05637",
    help=N_("The class asks for certain features, and D adds up how much of them a picture has; G is told in its normalisations."),
    changed=N_("How D should use a class was derived from what it has to estimate: an inner product of the class with D's features, instead of channels at its "
               "entrance. G has a scale and a shift of its own for each class in every layer."),
    needs=N_("Labels, and a normalisation in G."),
    see=N_("Each column was asked for one digit, and draws it within a thousand steps."),
    try_this=N_("Start a new run with **How G is told the class** on **Beside the noise**, and compare after as many steps."),
    story=Story(
        use=N_("To ask for a class: the best figures of all recipes on these digits (92 % recognised, Fréchet distance 2.7; seed 0)."),
        fails=N_("It needs labels, and a class with few pictures has little to learn its vector from."),
        builds=("recipe.sngan", "recipe.cgan"),
    ),
    reaches={"confident": 0.75, "rarest": 0.04},
)(_SMALL | _HINGE | {"generator.conditioning": "norm", "discriminator.conditioning": "projection", "horizon": 100_000})  # fmt: skip

preset(
    "acgan", title=N_("AC-GAN"), page="images", goal="recipe", paper="Odena et al. 2017, arXiv:1610.09585",
    help=N_("D is not told the class: it guesses it, and both players are rewarded for a right guess."),
    changed=N_("A second output of D names the class. G is pulled towards digits that are easy to recognise, which makes them clear."),
    needs=N_("Labels, and a weight of the class: with much of it all samples of a class look alike."),
    see=N_("Columns of clear digits; look for how little those of one column differ."),
    try_this=N_("While it trains, set **Weight of the class** to 20: clearer still, and all alike."),
    story=Story(
        use=N_("Where clear classes count for more than variety."),
        fails=N_("The pictures of a class get alike as the weight of the class grows."),
        builds=("recipe.cgan",),
    ),
    reaches={"confident": 0.7, "rarest": 0.04},
)(_SMALL | _R1 | {"generator.conditioning": "concat", "discriminator.conditioning": "classifier", "horizon": 100_000})  # fmt: skip

# The schedules of R3GAN: each runs from its first to its last value by a cosine (Huang et al. 2024, section 4).
_R3GAN = _NO_MOMENTUM | {
    "generator.network": "r3gan", "discriminator.network": "r3gan", "generator.norm": "none", "loss": "relativistic", "penalty": "r1_r2",
    "penalty_final": 0.1, "schedule": "cosine", "lr_final": 0.25, "g_optimizer.beta2": 0.9, "d_optimizer.beta2": 0.9, "beta2_final": 0.99,
    "ema_first": 0.0, "ema_ramp": 0.0,
}  # fmt: skip

_R3GAN_CHANGED = N_(
    "Every trick of StyleGAN2 was taken out, since the loss does without them, and what is left was brought up to date: residual blocks in "
    "groups of channels, no normalisation. It beats StyleGAN2 with fewer parts."
)

preset(
    "r3gan", title=N_("R3GAN"), page="images", goal="recipe", paper="Huang et al. 2024, arXiv:2501.05441",
    help=N_("Residual blocks without any normalisation, relativistic pairs, R1 + R2, and schedules for everything: a modern baseline."),
    changed=_R3GAN_CHANGED,
    needs=N_("First weights that keep the variance through all blocks, and more time for a step than plain convolutions, since it works at the "
             "picture's full size."),
    see=N_("Blots of light at first, strokes by step 400, and from step 800 on digits of all kinds, which only get cleaner while the rates fall."),
    try_this=N_("Start a new run with **Blocks at each size** on 2 in both players, and look at the steps per second: each takes about half as long "
                "again."),
    story=Story(
        use=N_("As the modern baseline, where a step may take longer."),
        fails=N_("Steps are several times as dear as plain convolutions. Other first weights or another loss break what the networks rely on."),
        builds=("recipe.relativistic_pairs", "recipe.style"),
    ),
    reaches={"confident": 0.5, "rarest": 0.02},
)(_SMALL | _R3GAN | {
    "generator.width": 8, "discriminator.width": 8, "generator.blocks": 1, "discriminator.blocks": 1, "penalty_weight": 1.0,
    "penalty_interval": 4, "g_optimizer.lr": 6e-3, "d_optimizer.lr": 6e-3, "lr_final": 0.1, "horizon": 48_000, "ema_half_life": 2_500.0,
})  # fmt: skip

preset(
    "r3gan_stacked", title=N_("R3GAN, stacked MNIST"), page="images", goal="recipe", paper="Huang et al. 2024, arXiv:2501.05441",
    help=N_("Three digits at once, in red, green and blue: a thousand modes, of which plain GANs find a tenth. For a GPU."),
    changed=_R3GAN_CHANGED,
    needs=N_("A GPU with 10 GB of memory, and MNIST, which is downloaded once. The paper counts all 1,000 modes, with a reverse KL of 0.029."),
    see=N_("The tile **Classes drawn** counts the modes among the samples: three digits are read off each, one a colour."),
    try_this=N_("Start a new run with **Loss** on **Non-saturating (log loss)** and **Penalty** on **None**, and compare the modes."),
    story=Story(
        use=N_("With a GPU, to count modes as the papers do."),
        fails=N_("It has not been measured here yet, for want of a GPU."),
        builds=("recipe.r3gan",),
    ),
    gpu=10,
)(_R3GAN | {
    "data.name": "stacked_mnist", "data.image_size": 32, "latent.dim": 64, "batch_size": 256, "accumulation": 2, "generator.width": 32, "discriminator.width": 32,
    "penalty_weight": 1.0, "g_optimizer.lr": 2e-4, "d_optimizer.lr": 2e-4, "horizon": 4_000_000, "ema_half_life": 100_000.0,
})  # fmt: skip

preset(
    "r3gan_cifar", title=N_("R3GAN, CIFAR-10"), page="images", goal="recipe", paper="Huang et al. 2024, arXiv:2501.05441",
    help=N_("R3GAN with 3.5 million weights a network, on colour photographs of 32 pixels: for a GPU."),
    changed=_R3GAN_CHANGED,
    needs=N_("A GPU with 10 GB of memory, and CIFAR-10, which is downloaded once. The paper's own networks have about five times as many weights."),
    see=N_("Everything moves with the schedule: the penalty's weight falls to a tenth and the rates to a quarter, while β₂ and the half-life of "
           "the average grow."),
    try_this=N_("Start a new run with **Blocks at each size** on 1: a step takes about half as long, and the networks can say less."),
    story=Story(
        use=N_("With a GPU, for colour photographs."),
        fails=N_("It has not been measured here yet, for want of a GPU; its networks are a fifth of the paper's."),
        builds=("recipe.r3gan",),
    ),
    gpu=10,
)(_R3GAN | {
    "data.name": "cifar10", "data.image_size": 32, "latent.dim": 64, "batch_size": 256, "accumulation": 4, "generator.width": 64, "discriminator.width": 64,
    "penalty_weight": 0.05, "g_optimizer.lr": 2e-4, "d_optimizer.lr": 2e-4, "horizon": 10_000_000, "ema_half_life": 500_000.0,
})  # fmt: skip

preset(
    "style", title=N_("StyleGAN (small)"), page="images", goal="recipe", paper="Karras et al. 2020, arXiv:1912.04958",
    help=N_("A small network makes a style of the noise, and the style scales the channels of every layer; each layer has noise of its own."),
    changed=N_("What is drawn at each size can be chosen apart: the noise no longer enters at the bottom but, as a style w, in all layers. Styles of two "
               "pictures can be mixed, and w is easier to walk through than z."),
    needs=N_("R1, and a larger rate for G than for D: its weights are scaled as they are used, so that all learn at the same relative speed. "
             "Noise in each layer costs random numbers, a few hundred for each digit here."),
    see=N_("Grains become strokes within 150 steps, and most of them are digits by step 800 of 2,000."),
    try_this=N_("While it trains, set **Truncation ψ** to 0.5 and then to 0: the digits get more and more alike, until all are the one that belongs to "
                "the mean style."),
    story=Story(
        use=N_("To explore a latent space with styles: to mix, to truncate, to walk."),
        fails=N_("Small pictures gain little from it, and rates that suit other networks do not suit weights that are scaled as they are used."),
        builds=("recipe.r1", "recipe.dcgan"),
    ),
    reaches={"confident": 0.4, "rarest": 0.01},
)(_SMALL | _R1 | {
    "generator.network": "style", "generator.norm": "none", "generator.width": 8, "g_optimizer.beta1": 0.0, "d_optimizer.beta1": 0.0,
    "g_optimizer.lr": 2e-2, "d_optimizer.lr": 8e-3, "horizon": 64_000, "ema_half_life": 3_000.0,
})  # fmt: skip
