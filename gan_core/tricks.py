"""Tricks: what is switched on in a run beside its loss, its penalty and its networks. Each names its setting and the function that does it.

An entry's `info`: `setting`, the dotted name of its setting, whose help is said of a trick without one of its own; `value`, what the zoo opens the lab with; `on`: whether
settings have it switched on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gan_core import augment, lecam, losses, matching, optimizers, schedules, trainer
from gan_core.ema import Ema
from gan_core.engine import objectives
from gan_core.networks import attention, conditional, family, spectral, style, together
from gan_core.registry import Story, trick
from gan_core.text import N_
from gan_core.translation import history
from gan_core.translation import objectives as translated

_LOSS = ("gan_core.losses:non_saturating",)


def _is(name: str, value: Any) -> Callable[[Any], bool]:
    player, _, part = name.partition(".")
    return lambda c: bool((getattr(getattr(c, player), part) if part else getattr(c, player)) == value)


def _over(name: str, least: float) -> Callable[[Any], bool]:
    player, _, part = name.partition(".")
    return lambda c: bool((getattr(getattr(c, player), part) if part else getattr(c, player)) > least)


# ── what D is shown and told ─────────────────────────────────────────────────────────────────────────────────────────────

trick(
    "label_smoothing", title=N_("Label smoothing (one-sided)"), help="", paper="Salimans et al. 2016, arXiv:1606.03498",
    setting="label_smoothing", value=0.1, on=_over("label_smoothing", 0),
    story=Story(
        fixed=N_("A discriminator that is certain of real samples pushes its logits ever further out. With the target 1 − s there is a best output and no reason to "
                 "pass it. Only real samples are smoothed: a target above 0 for generated ones would hold samples where they are wrong."),
        use=N_("With a loss that has targets, when D's outputs on real samples run away. The paper has 0.9 instead of 1."),
        fails=N_("It does not keep D's slope small and does not cure mode collapse. D's output is no probability of being real any more: at equilibrium it "
                 "is (1 − s)/2."),
        builds=("loss.non_saturating",), base="gan_lab", code=_LOSS,
    ),
)(losses._binary_cross_entropy)  # fmt: skip
trick(
    "label_flips", title=N_("Label flips"), help="", setting="label_flip", value=0.1, on=_over("label_flip", 0),
    story=Story(
        fixed=N_("A discriminator that is never wrong has nothing to say. A few wrong labels keep it from being sure."),
        use=N_("Sparingly. In the comparison Wrong labels one label in ten costs nothing: 7 or 8 of 8 clusters, as without."),
        fails=N_("It treats the symptom, and adds noise to D's gradient. With half of the labels wrong they say nothing: 0 or 1 of 8 clusters."),
        source=N_("No paper: a habit of practitioners, told in the talk How to Train a GAN (S. Chintala, NIPS 2016)."),
        base="gan_lab",
    ),
)(objectives.swapped)  # fmt: skip
trick(
    "instance_noise", title=N_("Instance noise"), help="", paper="Sønderby et al. 2016, arXiv:1610.04490; Arjovsky & Bottou 2017, arXiv:1701.04862",
    setting="instance_noise", value=0.3, on=_over("instance_noise", 0),
    story=Story(
        fixed=N_("Data and samples that lie on thin sets hardly overlap, so that a perfect D exists and its gradient is no use. Noise on both gives them a common "
                 "support. In the Dirac-GAN it makes the game converge (Mescheder et al. 2018)."),
        use=N_("Early in training, on data that are thin curves or tight clusters, fading with a schedule."),
        fails=N_("While it is on, G learns a blurred version of the data. How much is right has to be searched for, and gradients get noisier."),
        base="gan_lab",
    ),
)(trainer.Trainer._noisy)  # fmt: skip
trick(
    "diffaugment", title=N_("DiffAugment"), help=N_("Brightness, colour, contrast, moved, a square cut out: always, on everything that D sees."), paper="Zhao et al. 2020, arXiv:2006.10738",
    setting="augmentation", value="diffaugment", on=_is("augmentation", "diffaugment"),
    story=Story(
        fixed=N_("With few pictures D learns them by heart. Augmenting the real ones alone teaches G the changes; here all that D sees is changed, and G learns "
                 "through the change, which therefore has a gradient."),
        use=N_("With hundreds or a few thousand pictures, when D's outputs on training and held-out pictures part."),
        fails=N_("It is always on, needed or not: with a hundred digits, seed 0, it ends at 40 % recognised, ADA at 58 %. Changes that are too strong can show in samples."),
        base="diffaugment", code=("gan_core.augment:Augmented",),
    ),
)(augment.TRANSFORMS["diffaugment"].apply)  # fmt: skip
trick(
    "ada", title=N_("Adaptive augmentation (ADA)"), help=N_("Everything that D sees is changed as often as D's certainty asks for."), paper="Karras et al. 2020, arXiv:2006.06676",
    setting="augmentation", value="ada", on=_is("augmentation", "ada"),
    story=Story(
        fixed=N_("How much augmentation is right depends on the set and on the moment. Its probability follows a sign of overfitting, and stays below 0.8 so "
                 "that the changes do not leak into the samples."),
        use=N_("With few pictures, and a loss with a border between real and generated, on which the sign rests."),
        fails=N_("It needs a target that D can reach: the paper's 0.6 is hardly ever reached under R1 with a hundred digits here, where 0.2 serves. Short runs need a faster "
                 "speed than the paper's."),
        builds=("trick.diffaugment",), base="ada", code=("gan_core.augment:adapted", "gan_core.augment:watch"),
    ),
)(augment.TRANSFORMS["ada"].apply)  # fmt: skip
trick(
    "packing", title=N_("Packing (PacGAN)"), help="", paper="Lin et al. 2018, arXiv:1712.04086",
    setting="discriminator.packing", value=2, on=_over("discriminator.packing", 1),
    story=Story(
        fixed=N_("One sample cannot show that a mode is missing; a pack of them can. On the paper's grid of 25 clusters a plain GAN finds 17.3, with packs "
                 "of four 24.8; on stacked MNIST 99 modes of 1,000 become 1,000 with packs of two."),
        use=N_("Against mode collapse, without touching loss or architecture."),
        fails=N_("Fewer verdicts for as many samples: on the small digits, where R1 loses no class, the Fréchet distance ends at 34.1, against 23.7 with R1 alone (seed 0)."),
        base="pacgan",
    ),
)(together.Pack)  # fmt: skip
trick(
    "minibatch_std", title=N_("Minibatch standard deviation"), help="", paper="Karras et al. 2018, arXiv:1710.10196",
    setting="discriminator.minibatch_std", value=True, on=_is("discriminator.minibatch_std", True),
    story=Story(
        fixed=N_("Minibatch discrimination (Salimans et al. 2016) let D compare the samples of a batch with many weights; one number without any does as well."),
        use=N_("Against samples that are all alike, with batches of four and more. StyleGAN has it."),
        fails=N_("A single number does not say which mode is missing. On the small digits, where R1 loses no class, it adds nothing: 24.7 against 23.7 (seed 0)."),
        base="minibatch_std",
    ),
)(together.MinibatchStd)  # fmt: skip
trick(
    "class_beside", title=N_("Class beside the picture"), help=N_("D sees the class beside the picture, as channels of its own."), paper="Mirza & Osindero 2014, arXiv:1411.1784",
    setting="discriminator.conditioning", value="concat", on=_is("discriminator.conditioning", "concat"),
    story=Story(
        fixed=N_("A GAN draws what it likes. Told the class, both players learn one distribution for each."),
        use=N_("With labels, as the simplest way: it works with every network that can be told a class."),
        fails=N_("The class enters at the first layer and can be overlooked by the later ones: Fréchet distance 6.5 on the small digits, 2.7 with projection (seed 0)."),
        base="cgan", settings={"generator.conditioning": "concat"},
    ),
)(conditional.Beside)  # fmt: skip
trick(
    "projection", title=N_("Projection of the class"), help=N_("The class asks for certain features, and D adds up how much of them a picture has."), paper="Miyato & Koyama 2018, arXiv:1802.05637",
    setting="discriminator.conditioning", value="projection", on=_is("discriminator.conditioning", "projection"),
    story=Story(
        fixed=N_("Laying the class beside the picture says nothing of how it should be used. The form of the log ratio that D estimates does: an inner product of the "
                 "class with D's features."),
        use=N_("With labels: of the three ways here it has the best figures on the small digits."),
        fails=N_("It needs labels, and one vector for each class, which a rare class has little to learn from."),
        builds=("trick.class_beside",), base="projection",
    ),
)(conditional.Projection)  # fmt: skip
trick(
    "class_guessed", title=N_("Guessing the class (AC-GAN)"), help=N_("D guesses the class, and both players are rewarded for a right guess."), paper="Odena et al. 2017, arXiv:1610.09585",
    setting="discriminator.conditioning", value="classifier", on=_is("discriminator.conditioning", "classifier"),
    story=Story(
        fixed=N_("D names the class instead of being told it, so that G is pulled towards pictures that can be recognised."),
        use=N_("Where samples of clear classes count for more than their variety."),
        fails=N_("It prefers what is easy to recognise: with a large weight all pictures of a class look alike. The paper itself splits ImageNet's 1,000 classes over "
                 "100 models."),
        builds=("trick.class_beside",), base="acgan", code=("gan_core.engine.objectives:class_loss",),
    ),
)(conditional.Guessing)  # fmt: skip
trick(
    "class_norm", title=N_("Class in the normalisations"), help=N_("Each class has its own scale and shift in every normalisation of G."), paper="Dumoulin et al. 2017, arXiv:1610.07629",
    setting="generator.conditioning", value="norm", on=_is("generator.conditioning", "norm"),
    story=Story(
        fixed=N_("A class that is told at G's entrance has to be carried through all layers. A scale and a shift of its own in every normalisation reaches each of them. "
                 "It comes from the transfer of painting styles."),
        use=N_("In a conditional G with normalisations, with a D by projection."),
        fails=N_("Without a normalisation there is nothing to scale. Rare classes train their scales seldom."),
        builds=("trick.class_beside",), base="projection",
    ),
)(conditional.ClassNorm)  # fmt: skip
trick(
    "codes", title=N_("Codes that D reads (InfoGAN)"), help="", paper="Chen et al. 2016, arXiv:1606.03657",
    setting="latent.categories", value=10, on=lambda c: c.codes > 0,
    story=Story(
        fixed=N_("Nothing tells G what its noise should mean. A code that can be read off the picture has to mean something, without any label."),
        use=N_("To find categories or gradual factors in data without labels, with little other noise beside the code."),
        fails=N_("What it finds is its own affair: a digit, two that look alike, or a way of writing. With the weight at 0 nothing makes G use its code."),
        base="infogan",
    ),
)(objectives.code_loss)  # fmt: skip

# ── what D and G minimise besides ────────────────────────────────────────────────────────────────────────────────────────

trick(
    "lecam", title=N_("LeCam regularisation"), help="", paper="Tseng et al. 2021, arXiv:2104.03310",
    setting="lecam_weight", value=0.3, on=_over("lecam_weight", 0),
    story=Story(
        fixed=N_("With few pictures D's outputs on real and generated ones run apart. They are tied to moving averages of the outputs on the other kind."),
        use=N_("With few pictures, alone or beside augmentation: the paper shows that the two add up."),
        fails=N_("It slows learning by heart and does not forbid it: with a hundred digits the rarest class ends at 1.9 %, with ADA at 2.8 % (seed 0). Much of it makes D blind."),
        base="lecam", code=("gan_core.lecam:follow",),
    ),
)(lecam.regularizer)  # fmt: skip
trick(
    "feature_matching", title=N_("Feature matching"), help="", paper="Salimans et al. 2016, arXiv:1606.03498",
    setting="feature_matching", value=1.0, on=_over("feature_matching", 0),
    story=Story(
        fixed=N_("G overtrains on the present D. The mean of D's features is a goal that moves more slowly."),
        use=N_("Where the game swings and nothing else calms it; in the paper for semi-supervised learning."),
        fails=N_("A mean says little of single samples: 46 % recognised on the small digits, 57 % with R1 alone (seed 0)."),
        base="feature_matching", code=("gan_core.matching:distance",),
    ),
)(matching.shared)  # fmt: skip
trick(
    "lazy_penalty", title=N_("Lazy penalty"), help="", paper="Karras et al. 2020, arXiv:1912.04958",
    setting="penalty_interval", value=4, on=_over("penalty_interval", 1),
    story=Story(
        fixed=N_("A gradient penalty costs a second backward pass in every step, and changes slowly. At every k-th step, k times as strong, it pulls as much."),
        use=N_("With any gradient penalty. StyleGAN2 takes R1 at every 16th step of D; the presets here at every second to eighth."),
        fails=N_("Too rare, it pulls in jerks. With Adam the paper also has to scale rate and β, which is not done here. On the preset grid a penalty at every step, not at every "
                 "fourth, takes a little longer and ends no better."),
        builds=("penalty.r1",), base="gan_lab", settings={"penalty": "r1", "penalty_weight": 1.0},
    ),
)(trainer.Trainer.penalty_weight.fget)  # type: ignore[attr-defined]  # fmt: skip
trick(
    "identity", title=N_("Identity loss"), help="", paper="Taigman et al. 2017, arXiv:1611.02200; Zhu et al. 2017, arXiv:1703.10593",
    setting="identity_weight", value=0.5, on=lambda c: c.cycles and c.identity_weight > 0,
    story=Story(
        fixed=N_("A cycle may exchange colours as long as the way back exchanges them again. What is of the wanted kind already shall stay as it is."),
        use=N_("In CycleGAN, where colours must be kept, as from paintings to photographs in the paper."),
        fails=N_("It holds translations back where much should change, and needs as many channels on both sides."),
        builds=("method.cyclegan",), base="neon",
    ),
)(translated.identity)  # fmt: skip
trick(
    "picture_history", title=N_("History of pictures"), help="", paper="Shrivastava et al. 2017, arXiv:1612.07828",
    setting="history", value=50, on=lambda c: c.cycles and c.history > 0,
    story=Story(
        fixed=N_("D only sees what G draws now and forgets the rest, so that G can go round in circles. Half of what D is shown comes from earlier steps."),
        use=N_("In CycleGAN, whose authors keep 50 pictures; first used to refine synthetic pictures."),
        fails=N_("D spends half of its attention on mistakes that G has given up, and the pictures cost memory. A batch must fit into the history."),
        base="neon",
    ),
)(history.History)  # fmt: skip

# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

trick(
    "spectral_norm", title=N_("Spectral normalisation of D"), help="", paper="Miyato et al. 2018, arXiv:1802.05957",
    setting="discriminator.spectral_norm", value=True, on=_is("discriminator.spectral_norm", True),
    story=Story(
        fixed=N_("Clipping wastes a critic's capacity, and a gradient penalty costs a second backward pass. Dividing each weight matrix by its largest singular value bounds D's slope "
                 "at the price of one power iteration."),
        use=N_("With the hinge loss, in D, where every step shall stay cheap; SAGAN and BigGAN rest on it."),
        fails=N_("It bounds the slope everywhere, also where D should be steep, so that D needs a larger rate or more steps. Bounds of layers multiply to a loose bound of the whole."),
        builds=("penalty.weight_clipping", "penalty.wgan_gp"), base="sngan",
    ),
)(spectral.add_spectral_norm)  # fmt: skip
trick(
    "spectral_norm_g", title=N_("Spectral normalisation of G"), help="", paper="Zhang et al. 2019, arXiv:1805.08318",
    setting="generator.spectral_norm", value=True, on=_is("generator.spectral_norm", True),
    story=Story(
        fixed=N_("With D normalised alone, G's gradients can still grow. SAGAN found that normalising both needs fewer steps of D for each of G's."),
        use=N_("In deep generators, together with the normalised D."),
        fails=N_("It also bounds how strongly G can react to its noise. StyleGAN and R3GAN do without."),
        builds=("trick.spectral_norm",), base="sagan",
    ),
)(spectral.add_spectral_norm)  # fmt: skip
trick(
    "attention", title=N_("Self-attention"), help="", paper="Zhang et al. 2019, arXiv:1805.08318",
    setting="generator.attention", value=True, on=_is("generator.attention", True),
    story=Story(
        fixed=N_("Convolutions see a neighbourhood, and distant parts of a picture do not fit together. Attention compares every place with every other."),
        use=N_("On pictures whose parts must agree over a distance, at a middle size."),
        fails=N_("Its cost grows with the fourth power of the side. On digits of 16 pixels, which convolutions see nearly whole, the recipe SAGAN ends no better than SNGAN."),
        base="sagan",
    ),
)(attention.SelfAttention)  # fmt: skip
trick(
    "batch_norm", title=N_("Batch normalisation in G"), help=N_("Each channel of a layer is rescaled over all samples of the batch."), paper="Ioffe & Szegedy 2015, arXiv:1502.03167; Radford et al. 2016, arXiv:1511.06434",
    setting="generator.norm", value="batch", on=_is("generator.norm", "batch"),
    story=Story(
        fixed=N_("Deep generators begin badly scaled, and DCGAN's collapsed to a single point without it: normalising each layer over the batch lets gradients through."),
        use=N_("In a convolutional G of DCGAN's kind."),
        fails=N_("Samples of a batch depend on each other. In D it makes a gradient penalty, which is of each sample alone, meaningless, and in the comparison Batch normalisation in D it "
                 "loses all eight clusters. R3GAN and StyleGAN2 do without."),
        base="dcgan",
    ),
)(family.norm)  # fmt: skip
trick(
    "truncation", title=N_("Truncation"), help="", paper="Karras et al. 2019, arXiv:1812.04948; Brock et al. 2019, arXiv:1809.11096",
    setting="generator.truncation", value=0.7, on=lambda c: c.generator.truncation != 1,
    story=Story(
        fixed=N_("Rare styles are learned badly. Styles that are drawn towards the mean one trade variety for quality, after training and as you like."),
        use=N_("To show pictures, never to measure a generator without saying so: it raises precision and lowers recall."),
        fails=N_("Variety goes first: with ψ = 0 all pictures are one. BigGAN, which truncates the noise itself, found that not every generator bears it."),
        base="style",
    ),
)(style.StyleGenerator.truncated)  # fmt: skip
trick(
    "style_mixing", title=N_("Style mixing"), help="", paper="Karras et al. 2019, arXiv:1812.04948",
    setting="generator.style_mixing", value=0.9, on=_over("generator.style_mixing", 0),
    story=Story(
        fixed=N_("Neighbouring layers come to rely on having the same style. Two styles in one picture during training keep them apart, so that they can be mixed afterwards."),
        use=N_("In a style-based G whose styles you want to mix layer by layer."),
        fails=N_("Each step draws two styles, and G has more combinations to get right."),
        builds=("network.style",), base="style",
    ),
)(style.StyleGenerator._mixed)  # fmt: skip

# ── how they learn ───────────────────────────────────────────────────────────────────────────────────────────────────────

trick(
    "two_time_scales", title=N_("Two time-scales (TTUR)"), help=N_("D and G learn at different rates, mostly D at the larger one."), paper="Heusel et al. 2017, arXiv:1706.08500",
    setting="d_optimizer.lr", value=4e-3, on=lambda c: c.g_optimizer.lr != c.d_optimizer.lr,
    story=Story(
        fixed=N_("Several steps of D for each of G's cost time. A larger rate of D does the same with one step each; under assumptions about noise and rates the paper proves "
                 "convergence to a local Nash equilibrium."),
        use=N_("Instead of several steps of D: SAGAN has 0.0004 for D and 0.0001 for G."),
        fails=N_("A D that is too fast makes the minimax loss saturate: in the preset Mode collapse its rate is twenty times G's. The right ratio depends on loss and penalty; "
                 "the style-based recipe needs the larger rate for G."),
        base="gan_lab",
    ),
)(trainer.Trainer._follow_schedule)  # fmt: skip
trick(
    "discriminator_steps", title=N_("Several steps of D"), help="", paper="Goodfellow et al. 2014, arXiv:1406.2661; Arjovsky et al. 2017, arXiv:1701.07875",
    setting="k_d", value=5, on=_over("k_d", 1),
    story=Story(
        fixed=N_("The theory wants the best D for the present G. k steps of D for each of G's come nearer to it."),
        use=N_("With a Wasserstein critic, which may be trained well: its paper takes 5."),
        fails=N_("With the minimax loss a D that is too good gives no gradient: ten steps of D hold 1 or 2 of 8 clusters in the comparison of step numbers, one step all 8, ten with R1 7 or 8. "
                 "Each step costs its time."),
        base="wgan", settings={"penalty": "wgan_gp", "penalty_weight": 1.0},
    ),
)(trainer.Trainer.phases)  # fmt: skip
trick(
    "ema", title=N_("Averaged generator (EMA)"), help="", paper="Yazıcı et al. 2019, arXiv:1806.04498; Karras et al. 2018, arXiv:1710.10196",
    setting="ema_half_life", value=20_000.0, on=_over("ema_half_life", 0),
    story=Story(
        fixed=N_("The players circle around a solution, and each step's generator is off to one side. The average of the circle lies nearer to its middle."),
        use=N_("Nearly always: it changes nothing in training. A ramp keeps the first, random weights out of it."),
        fails=N_("With a long half-life you look at the past, and a collapse shows late. Once falling rates have calmed the game it adds little: on the preset grid 92 and 93 % with it, "
                 "91.7 and 93.1 % without."),
        base="gan_lab", code=("gan_core.schedules:ema_decay",),
    ),
)(Ema.update)  # fmt: skip
trick(
    "schedule", title=N_("Schedules"), help="", paper="Loshchilov & Hutter 2017, arXiv:1608.03983; Huang et al. 2024, arXiv:2501.05441",
    setting="schedule", value="cosine", on=lambda c: c.schedule != "constant" and c.horizon > 0,
    story=Story(
        fixed=N_("With constant rates the players jitter around the solution. Falling rates let them settle; R3GAN also lowers the penalty and lengthens the memory of Adam and of the "
                 "average."),
        use=N_("When it is known how long a run is to be."),
        fails=N_("A run that is cut short never reaches the calm part, and one that goes on has stopped learning. Without one, the preset grid ends at 87 % high quality, with it at 92 to 93 %."),
        base="gan_lab", settings={"horizon": 1_000_000, "lr_final": 0.05},
    ),
)(schedules.factor)  # fmt: skip
trick(
    "gradient_clipping", title=N_("Gradient clipping"), help="", paper="Pascanu et al. 2013, arXiv:1211.5063",
    setting="grad_clip", value=1.0, on=_over("grad_clip", 0),
    story=Story(
        fixed=N_("A single wild batch can throw a network far away. The gradient is shortened to a length, its direction stays; it comes from recurrent networks."),
        use=N_("When a run explodes once in a while, until the cause is found."),
        fails=N_("It hides the cause, mostly a D without a bound. Adam divides by the size of recent gradients, so that a bound which always acts changes little."),
        base="gan_lab",
    ),
)(optimizers.take_step)  # fmt: skip
trick(
    "accumulation", title=N_("Gradient accumulation"), help="", setting="accumulation", value=2, on=_over("accumulation", 1),
    story=Story(
        fixed=N_("A batch that does not fit into memory goes through in parts, whose gradients are added up: the same step with less memory."),
        use=N_("On a GPU that is too small for the batch: the R3GAN recipes on stacked MNIST and CIFAR-10 have 2 and 4 parts."),
        fails=N_("It saves no time. Batch normalisation and the minibatch standard deviation see one part at a time, and the relativistic average loss, which needs "
                 "the whole batch, cannot be split."),
        source=N_("No paper: a sum of gradients, as everybody takes it."),
        base="gan_lab", code=("gan_core.trainer:Trainer._update",),
    ),
)(trainer._add)  # fmt: skip
