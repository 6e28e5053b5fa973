"""RunConfig: everything that decides a run. Frozen and valid: a RunConfig that exists has passed every check."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import gan_core.catalogue  # noqa: F401 - fills the registries that the choices below come from
from gan_core import data as data_sets
from gan_core import engine, registry
from gan_core.checks import check_together
from gan_core.data import drawing, parameters, pictures, table
from gan_core.errors import ConfigError
from gan_core.networks import translation, uses
from gan_core.pictures import choices
from gan_core.settings import Field, Spec, setting, shorten
from gan_core.text import N_

GROUPS = {
    "data": N_("Data"),
    "generator": N_("Generator"),
    "discriminator": N_("Discriminator"),
    "loss": N_("Loss"),
    "optimizer": N_("Optimiser"),
    "stabilizers": N_("Stabilisers"),
    "run": N_("Run"),
}
NORMS = {"none": N_("None"), "batch": N_("Batch"), "instance": N_("Instance"), "layer": N_("Layer")}
ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "LeakyReLU (0.2)", "tanh": "tanh", "silu": "SiLU", "gelu": "GELU"}
UPSAMPLINGS = {"transposed": N_("Transposed convolution"), "nearest": N_("Resize (nearest)"),
               "bilinear": N_("Resize (bilinear)")}  # fmt: skip
DISTRIBUTIONS = {"gaussian": N_("Gaussian"), "uniform": N_("Uniform in [−1, 1]"), "sphere": N_("On a sphere")}
SIZES = {size: f"{size} × {size}" for size in choices.SIZES}
PATCHES = {side: f"{side} × {side}" for side in translation.PATCHES}
DEVICES = {"auto": N_("Automatic"), "cpu": "CPU", "cuda": "CUDA", "mps": "Apple MPS"}
ENGINES = dict(zip(engine.NAMES, (N_("Automatic"), N_("Eager"), N_("Compiled")), strict=True))
SCALINGS = {"keep": N_("Keep proportions"), "each": N_("Each axis by itself"), "none": N_("As it is")}
AUGMENTATIONS = {"none": N_("None"), "diffaugment": "DiffAugment", "ada": N_("ADA (adaptive)")}
DIRECTIONS = {"there": N_("There"), "back": N_("Back")}
PRECISIONS = {"auto": N_("Automatic"), "float32": "float32", "bfloat16": N_("bfloat16 (mixed)")}

_ATTENTION_MORE = N_("Convolutions see a small neighbourhood; attention lets an eye know where the other one is (Zhang et al. 2019). Its cost "
                     "grows with the fourth power of the picture's side.")  # fmt: skip
_BLOCKS_MORE = N_("Each adds to what came before and begins by adding nothing, so that deep networks start as easily as flat ones (R3GAN, Huang et al. "
                  "2024, has two). The time of a step grows with their number.")  # fmt: skip
G_CONDITIONS = {"none": N_("Not told"), "concat": N_("Beside the noise"), "norm": N_("In its normalisations")}
D_CONDITIONS = {"none": N_("Not told"), "concat": N_("Beside the picture"), "projection": N_("Projection"),
                "classifier": N_("It guesses the class (AC-GAN)")}  # fmt: skip
# What is said of both players' optimisers.
_NAME_MORE = N_("Adam scales each weight's steps by its recent gradients; RMSprop does so without momentum; SGD takes the "
                "gradient as it is and shows the bare dynamics of the game.")  # fmt: skip
_LR_MORE = N_("The two rates set who learns faster. A discriminator with the larger one stays near its best answer (two time-"
              "scales, Heusel et al. 2017, arXiv:1706.08500).")  # fmt: skip
_BETA1_MORE = N_("Momentum helps downhill, but a game has no downhill: what the other player does turns the direction, and old "
                 "gradients pull the wrong way.")  # fmt: skip
_BETA2_MORE = N_("With 0.99 about the last hundred gradients count, with 0.999 the last thousand. Shorter memories follow a "
                 "changing game faster.")  # fmt: skip
_MOMENTUM_MORE = N_("0.9 adds up about the last ten steps. In a game it makes both players overshoot: try 0 first.")  # fmt: skip


def _uses(kind: str) -> Any:
    return lambda c: registry.dataset[c.data.name].info["kind"] == kind


def _pictures(c: Any) -> bool:
    return bool(registry.dataset[c.data.name].info["kind"] != "points")


def _has_classes(c: Any) -> bool:
    return bool(data_sets.info_of(c.data).get("classes"))


def _parameter(name: str) -> Any:
    return lambda c: parameters.uses(c.data.name, name)


def _data_is(name: str) -> Any:
    return lambda c: c.data.name == name


def _network_uses(player: str, name: str) -> Any:
    return lambda c: uses(getattr(c, player).network, name)


def _optimizer_uses(player: str, name: str) -> Any:
    return lambda c: name in registry.optimizer[getattr(c, player).name].info["uses"]


@dataclass(frozen=True)
class DataConfig:
    """What is learned."""

    name: str = setting("ring", title=N_("Data set"), group="data", choices=registry.dataset, basic=True,
        help=N_("What the generator learns to imitate."),
        more=N_("Points in the plane show every part of a GAN at once; pictures show what it is good for."))  # fmt: skip
    image_size: int = setting(28, title=N_("Picture size"), group="data", choices=SIZES, unit="px", shown_if=_pictures,
        help=N_("Height and width that pictures are resized to. Training time grows with its square."),
        more=N_("28 is MNIST's own size, 32 that of CIFAR-10. Convolutional networks get one layer more for each doubling."))  # fmt: skip
    limit: int = setting(0, title=N_("Training pictures"), group="data", low=0, high=1_000_000, shown_if=_pictures, log=True,
        zero_off=True, zero=N_("all"),
        help=N_("How many of the set's pictures are learned from. 0: all of them."),
        more=N_("Always the same ones, and a smaller number is a part of a larger one. With few, the discriminator learns them by heart. What is held "
                "out, and what samples are measured against, stays as it is."))  # fmt: skip
    direction: str = setting("there", title=N_("Direction"), group="data", choices=DIRECTIONS, basic=True, shown_if=_uses("pairs"),
        help=N_("Which of the two kinds of pictures goes in, and which shall come out."),
        more=N_("One way may be easy and the other a guess: every digit has one outline, and every picture one grey; back, there are many that "
                "would do."))  # fmt: skip
    modes: int = setting(0, title=N_("Modes"), group="data", low=0, high=32, own=True, shown_if=_parameter("modes"),
        help=N_("How many clusters the data has. 0: the set's own number."),
        more=N_("The more there are, the easier it is to forget one: a generator that leaves some out has collapsed onto the others."))  # fmt: skip
    side: int = setting(0, title=N_("Along a side"), group="data", low=0, high=10, own=True, shown_if=_parameter("side"),
        help=N_("How many clusters or fields lie along each side. 0: the set's own number."),
        more=N_("Their number grows with the square: 10 along a side are a hundred clusters."))  # fmt: skip
    arms: int = setting(0, title=N_("Arms"), group="data", low=0, high=10, own=True, shown_if=_parameter("arms"),
        help=N_("How many arms or blades go round the centre. 0: the set's own number."),
        more=N_("Between two arms lies a gap that the generator must leave empty; more arms make it narrower."))  # fmt: skip
    radius: float = setting(0.0, title=N_("Radius"), group="data", low=0.0, high=4.0, own=True, shown_if=_parameter("radius"),
        help=N_("Radius of the circle that the clusters lie on, or of the inner circle. 0: the set's own."),
        more=N_("Training sees the data divided by its size: what counts is how far apart clusters are in widths of a cluster."))  # fmt: skip
    spacing: float = setting(0.0, title=N_("Distance"), group="data", low=0.0, high=4.0, own=True, shown_if=_parameter("spacing"),
        help=N_("Distance between the centres of neighbouring clusters. 0: the set's own."),
        more=N_("Close clusters overlap and are one; far ones are islands, and the generator must jump between them."))  # fmt: skip
    turns: float = setting(0.0, title=N_("Turns"), group="data", low=0.0, high=4.0, own=True, shown_if=_parameter("turns"),
        help=N_("How often the curve winds or waves. 0: the set's own number."),
        more=N_("Each turn is another fold that both networks need neurons for."))  # fmt: skip
    sigma: float = setting(0.0, title=N_("Width σ"), group="data", low=0.0, high=2.0, own=True, shown_if=_parameter("sigma"),
        help=N_("Standard deviation of each cluster, in the data's units. 0: the set's own."),
        more=N_("Tight clusters are hard: almost everywhere the discriminator is certain, and far from them its slope says little."))  # fmt: skip
    noise: float = setting(0.0, title=N_("Noise σ"), group="data", low=0.0, high=0.5, own=True, shown_if=_parameter("noise"),
        help=N_("Standard deviation of the noise around the shape. 0: the set's own."),
        more=N_("A thin curve has no area, so that real and generated points can always be told apart; noise makes them overlap."))  # fmt: skip
    imbalance: float = setting(0.0, title=N_("Imbalance"), group="data", low=0.0, high=100.0, own=True,
        shown_if=_parameter("imbalance"),
        help=N_("How many times as likely the commonest cluster is as the rarest; 1: all alike. 0: the set's own."),
        more=N_("The clusters between them follow in equal ratios. Rare clusters appear in few batches, and are forgotten first."))  # fmt: skip
    drawing: str = setting("", title=N_("Drawing"), group="data", valid=drawing.is_valid, form=drawing.FORM,
        shown_if=lambda c: False,
        help=N_("What was drawn, typed or taken from a picture: 96 × 96 weights as text. Without one: a smiling face."),
        more=N_("It travels with the settings, in links and files. Draw it under \"Your own data\"."))  # fmt: skip
    table: str = setting("", title=N_("Table"), group="data", valid=table.is_name, form=table.FORM, shown_if=lambda c: False,
        help=N_("Which imported table, by the SHA-256 of its numbers. Without one: the petals of 150 irises."),
        more=N_("The numbers lie in the data folder of the server and beside each run that learns them. Import one under \"Your own "
                "data\", or with gan-playground table."))  # fmt: skip
    scaling: str = setting("keep", title=N_("Scaling"), group="data", choices=SCALINGS, shown_if=_data_is("table"),
        help=N_("How the numbers of a table become what training sees."),
        more=N_("Training works best with numbers around 1. Keep proportions: both columns are divided by the same number and shown "
                "in their own units. Each axis by itself: both fill −1 to 1, and are shown so. As it is: nothing is changed."))  # fmt: skip
    pictures: str = setting("", title=N_("Imported pictures"), group="data", valid=pictures.is_name, form=pictures.FORM, shown_if=lambda c: False,
        help=N_("Which imported set of pictures: 32 digits of a SHA-256 of its content, its channels, size and number of classes. Without one: the small "
                "digits."),
        more=N_("The pictures lie in the data folder of the server, and the settings only name them: elsewhere, import the same files with the same "
                "choices, and they have the same name."))  # fmt: skip


@dataclass(frozen=True)
class LatentConfig:
    """The noise that the generator turns into samples."""

    dim: int = setting(2, title=N_("Latent dimension"), group="generator", low=1, high=512, basic=True,
        help=N_("How many random numbers the generator starts from."),
        more=N_("With fewer than the data has dimensions, the generator can only draw a curve or a surface through it."))  # fmt: skip
    distribution: str = setting("gaussian", title=N_("Latent distribution"), group="generator", choices=DISTRIBUTIONS,
        help=N_("Where those numbers are drawn from."),
        more=N_("A Gaussian is the usual choice. A square or a sphere has an edge or a shape of its own, which the generator must"
                " fold and stretch onto the data; gaps between modes can only be bridged, never skipped."))  # fmt: skip
    categories: int = setting(0, title=N_("Categories of the code"), group="generator", low=0, high=26, shown_if=_uses("images"),
        help=N_("Behind the noise, G is told one of so many categories, and D must read it off the picture (InfoGAN). 0: none."),
        more=N_("No labels are needed: what the categories mean, the two find out themselves. With as many as the data has kinds, they often become "
                "those kinds, not always one each (Chen et al. 2016, arXiv:1606.03657)."))  # fmt: skip
    continuous: int = setting(0, title=N_("Continuous codes"), group="generator", low=0, high=8, shown_if=_uses("images"),
        help=N_("Behind the noise, G is given so many numbers from −1 to 1 that D must read off the picture (InfoGAN). 0: none."),
        more=N_("They tend to take on what changes gradually: the slant of a digit, the width of its strokes."))  # fmt: skip


@dataclass(frozen=True)
class GeneratorConfig:
    """G: latent to sample."""

    network: str = setting("mlp", title=N_("Network"), group="generator", choices=registry.network,
        help=N_("MLP: fully connected layers. DCGAN: convolutions that grow a picture step by step. R3GAN: residual blocks. Style: noise that scales channels."),
        more=N_("An MLP treats every number of a sample alike and suits points and tiny pictures. Convolutions know that "
                "neighbouring pixels belong together, and need far fewer weights for it."))  # fmt: skip
    hidden: tuple[int, ...] = setting((64, 64, 64), title=N_("Hidden layers"), group="generator", low=1, high=2048,
        max_length=8, basic=True, shown_if=_network_uses("generator", "hidden"),
        help=N_("Neurons in each hidden layer, with commas between: 64,64 is two layers of 64."),
        more=N_("More and wider layers can bend noise into finer shapes, but each step takes longer: on points, narrow networks "
                "that take more steps often win."))  # fmt: skip
    width: int = setting(32, title=N_("Width"), group="generator", low=4, high=512, unit=N_("channels"), basic=True,
        shown_if=_network_uses("generator", "width"),
        help=N_("Channels of the layer nearest to the picture; each layer further in has twice as many, up to 8×."),
        more=N_("The number of feature maps. Twice the width is up to four times the work."))  # fmt: skip
    blocks: int = setting(2, title=N_("Blocks at each size"), group="generator", low=1, high=8, shown_if=_network_uses("generator", "blocks"),
        help=N_("How many residual blocks work on the maps of each size."), more=_BLOCKS_MORE)  # fmt: skip
    mapping: int = setting(4, title=N_("Mapping layers"), group="generator", low=0, high=8, shown_if=_network_uses("generator", "mapping"),
        help=N_("Fully connected layers that make a style w of the noise z, before anything is drawn."),
        more=N_("Noise is round, data is not: the mapping may bend the one into the other, so that the directions of w change one thing at a "
                "time (Karras et al. 2019). StyleGAN has 8."))  # fmt: skip
    style_mixing: float = setting(0.0, title=N_("Style mixing"), group="generator", low=0.0, high=1.0,
        shown_if=_network_uses("generator", "style_mixing"),
        help=N_("Share of the samples in training whose lower and upper layers follow two different styles. 0: none."),
        more=N_("Layers that cannot count on their neighbours' style learn to decide about their own scale alone; the paper mixes 0.9 of the "
                "samples (Karras et al. 2019, section 3.1)."))  # fmt: skip
    truncation: float = setting(1.0, title=N_("Truncation ψ"), group="generator", low=0.0, high=1.5, live=True,
        shown_if=_network_uses("generator", "truncation"),
        help=N_("How far the styles of the pictures that you see are from the mean style. 1: as they are; 0: all are the mean picture."),
        more=N_("w′ = w̄ + ψ (w − w̄). Below 1 pictures get cleaner and more alike (Karras et al. 2019, appendix B). It is about what is shown, "
                "measured and saved, and changes nothing in training."))  # fmt: skip
    norm: str = setting("none", title=N_("Normalisation"), group="generator", choices=NORMS,
        shown_if=_network_uses("generator", "norm"),
        help=N_("Rescales activations between layers. Batch normalisation helps most convolutional generators."),
        more=N_("Batch: over all samples of the batch (Ioffe & Szegedy 2015). Instance: over each picture's map. Layer: over all "
                "features of one sample. They keep layers from drifting apart in scale."))  # fmt: skip
    activation: str = setting("leaky_relu", title=N_("Activation"), group="generator", choices=ACTIVATIONS,
        shown_if=_network_uses("generator", "activation"),
        help=N_("The bend between two layers. Without it the network would be one straight map."),
        more=N_("ReLU cuts at zero, LeakyReLU keeps a fifth of what is below; tanh, SiLU and GELU are smooth."))  # fmt: skip
    upsampling: str = setting("transposed", title=N_("Up-sampling"), group="generator", choices=UPSAMPLINGS,
        shown_if=_network_uses("generator", "upsampling"),
        help=N_("How a layer doubles the picture's size. Transposed convolutions are fast; resizing avoids checkerboards."),
        more=N_("Transposed convolutions learn how to fill in; kernels that overlap unevenly print a checkerboard (Odena et al. "
                "2016). Resizing first and convolving after cannot, and costs more."))  # fmt: skip
    dropout: float = setting(0.0, title=N_("Dropout"), group="generator", low=0.0, high=0.8, shown_if=_network_uses("generator", "dropout"),
        help=N_("Share of the values that are set to zero at random in the three innermost layers on the way up, while training. 0: none."),
        more=N_("pix2pix has no noise to begin with; half of the values dropped are all its chance (Isola et al. 2017, section 3.2.1, who also drop "
                "them when translating; here pictures that you see are made without). On small pictures it mostly blurs."))  # fmt: skip
    conditioning: str = setting("none", title=N_("How G is told the class"), group="generator", choices=G_CONDITIONS, shown_if=_has_classes,
        help=N_("Not told: the noise decides. Otherwise you ask for a class, and G draws one of it."),
        more=N_("Beside the noise: one number a class more at the entrance (Mirza & Osindero 2014, arXiv:1411.1784). In its normalisations: each "
                "class has its own scale and shift in every layer (Dumoulin et al. 2017). D must be told, too."))  # fmt: skip
    attention: bool = setting(False, title=N_("Self-attention"), group="generator", shown_if=_network_uses("generator", "attention"),
        help=N_("A layer at half the picture's size in which every place looks at every other."), more=_ATTENTION_MORE)  # fmt: skip
    spectral_norm: bool = setting(False, title=N_("Spectral normalisation of G"), group="stabilizers",
        shown_if=_network_uses("generator", "spectral_norm"),
        help=N_("Divides each weight matrix of G by its largest singular value, as SAGAN does in both players."),
        more=N_("Zhang et al. 2019, arXiv:1805.08318, section 4.1: it keeps the generator's gradients from growing too large."))  # fmt: skip


@dataclass(frozen=True)
class DiscriminatorConfig:
    """D, the critic: sample to one logit."""

    network: str = setting("mlp", title=N_("Network"), group="discriminator", choices=registry.network,
        help=N_("MLP: fully connected layers. DCGAN: convolutions that shrink a picture step by step. R3GAN: residual blocks."),
        more=N_("The two players should be of similar strength: a discriminator that is far better has nothing useful to say, one"
                " that is far worse says nothing true."))  # fmt: skip
    hidden: tuple[int, ...] = setting((64, 64, 64), title=N_("Hidden layers"), group="discriminator", low=1, high=2048,
        max_length=8, basic=True, shown_if=_network_uses("discriminator", "hidden"),
        help=N_("Neurons in each hidden layer, with commas between: 64,64 is two layers of 64."),
        more=N_("What it cannot tell apart, the generator never has to learn."))  # fmt: skip
    width: int = setting(32, title=N_("Width"), group="discriminator", low=4, high=512, unit=N_("channels"), basic=True,
        shown_if=_network_uses("discriminator", "width"),
        help=N_("Channels of the layer nearest to the picture; each layer further in has twice as many, up to 8×."),
        more=N_("The number of feature maps. Half the generator's often suffices for small pictures."))  # fmt: skip
    blocks: int = setting(2, title=N_("Blocks at each size"), group="discriminator", low=1, high=8, shown_if=_network_uses("discriminator", "blocks"),
        help=N_("How many residual blocks work on the maps of each size."), more=_BLOCKS_MORE)  # fmt: skip
    norm: str = setting("none", title=N_("Normalisation"), group="discriminator", choices=NORMS,
        shown_if=_network_uses("discriminator", "norm"),
        help=N_("Batch normalisation lets samples of a batch see each other, and does not go with gradient penalties."),
        more=N_("With a gradient penalty use layer, instance or none: the penalty is defined for each sample alone. Without one, "
                "batch normalisation makes many convolutional GANs train at all."))  # fmt: skip
    activation: str = setting("leaky_relu", title=N_("Activation"), group="discriminator", choices=ACTIVATIONS,
        shown_if=_network_uses("discriminator", "activation"),
        help=N_("The bend between two layers. LeakyReLU keeps some gradient everywhere."),
        more=N_("Where a ReLU is at zero no gradient passes to the generator: LeakyReLU is the usual choice here."))  # fmt: skip
    spectral_norm: bool = setting(False, title=N_("Spectral normalisation"), group="stabilizers",
        shown_if=_network_uses("discriminator", "spectral_norm"),
        help=N_("Divides each weight matrix of D by its largest singular value, so that D cannot change abruptly."),
        more=N_("Miyato et al. 2018, arXiv:1802.05957. One power iteration per training step."))  # fmt: skip
    conditioning: str = setting("none", title=N_("How D is told the class"), group="discriminator", choices=D_CONDITIONS, shown_if=_has_classes,
        help=N_("Where G is asked for a class, D must judge whether a picture is one of it."),
        more=N_("Beside the picture: as channels of its own (Mirza & Osindero 2014). Projection: the class asks for certain features, and D adds up how "
                "much of them there is (Miyato & Koyama 2018, arXiv:1802.05637). AC-GAN: D is not told but guesses, and both players are "
                "rewarded for a right guess (Odena et al. 2017, arXiv:1610.09585)."))  # fmt: skip
    attention: bool = setting(False, title=N_("Self-attention"), group="discriminator", shown_if=_network_uses("discriminator", "attention"),
        help=N_("A layer at half the picture's size in which every place looks at every other."), more=_ATTENTION_MORE)  # fmt: skip
    patch: int = setting(34, title=N_("Size of a patch"), group="discriminator", choices=PATCHES, unit="px", basic=True,
        shown_if=_network_uses("discriminator", "patch"),
        help=N_("How large the part of a picture is that one output of D sees."),
        more=N_("16: strokes and texture. 34: a picture of 32 pixels almost whole. 70 is the paper's, for 256 pixels (Isola et al. 2017, section 4.4). "
                "What D cannot see at once, it cannot ask to fit together."))  # fmt: skip
    minibatch_std: bool = setting(False, title=N_("Minibatch standard deviation"), group="stabilizers",
        help=N_("D's last layer is also told how much the samples of its batch differ."),
        more=N_("Karras et al. 2018, arXiv:1710.10196, in groups of four: a generator whose samples are all alike gives itself away."))  # fmt: skip
    packing: int = setting(1, title=N_("Samples judged together"), group="stabilizers", low=1, high=8, shown_if=_uses("images"),
        help=N_("How many samples D judges at once, all real or all generated (PacGAN). 1: each alone."),
        more=N_("Lin et al. 2018, arXiv:1712.04086: a lone sample cannot show that a mode is missing, several together can. The batch "
                "must be divisible by it."))  # fmt: skip


@dataclass(frozen=True)
class OptimizerConfig:
    """How one player turns gradients into steps."""

    name: str
    lr: float
    beta1: float
    beta2: float
    momentum: float


@dataclass(frozen=True)
class GOptimizerConfig(OptimizerConfig):
    """The generator's optimiser."""

    name: str = setting("adam", title=N_("Optimiser of G"), group="optimizer", choices=registry.optimizer, live=True,
        help=N_("The rule that turns gradients into steps. Changing it starts its averages anew."),
        more=_NAME_MORE)  # fmt: skip
    lr: float = setting(1e-3, title=N_("Learning rate of G"), group="optimizer", low=1e-6, high=1.0, log=True, live=True,
        basic=True, help=N_("Size of the generator's steps. Too small: nothing moves; too large: it jumps about."),
        more=_LR_MORE)  # fmt: skip
    beta1: float = setting(0.0, title=N_("β₁ of G"), group="optimizer", low=0.0, high=0.999, live=True,
        shown_if=_optimizer_uses("g_optimizer", "beta1"),
        help=N_("How much of the last gradients is kept (momentum). GANs are calmer with 0 or 0.5 than with the usual 0.9."),
        more=_BETA1_MORE)  # fmt: skip
    beta2: float = setting(0.99, title=N_("β₂ of G"), group="optimizer", low=0.0, high=0.9999, live=True,
        shown_if=_optimizer_uses("g_optimizer", "beta2"),
        help=N_("How long the size of gradients is remembered."),
        more=_BETA2_MORE)  # fmt: skip
    momentum: float = setting(0.0, title=N_("Momentum of G"), group="optimizer", low=0.0, high=0.99, live=True,
        shown_if=_optimizer_uses("g_optimizer", "momentum"),
        help=N_("How much of the last step is repeated."),
        more=_MOMENTUM_MORE)  # fmt: skip


@dataclass(frozen=True)
class DOptimizerConfig(OptimizerConfig):
    """The discriminator's optimiser."""

    name: str = setting("adam", title=N_("Optimiser of D"), group="optimizer", choices=registry.optimizer, live=True,
        help=N_("The rule that turns gradients into steps. Changing it starts its averages anew."),
        more=_NAME_MORE)  # fmt: skip
    lr: float = setting(1e-3, title=N_("Learning rate of D"), group="optimizer", low=1e-6, high=1.0, log=True, live=True,
        basic=True, help=N_("Size of the discriminator's steps. A faster discriminator gives the generator better directions."),
        more=_LR_MORE)  # fmt: skip
    beta1: float = setting(0.0, title=N_("β₁ of D"), group="optimizer", low=0.0, high=0.999, live=True,
        shown_if=_optimizer_uses("d_optimizer", "beta1"),
        help=N_("How much of the last gradients is kept (momentum). GANs are calmer with 0 or 0.5 than with the usual 0.9."),
        more=_BETA1_MORE)  # fmt: skip
    beta2: float = setting(0.99, title=N_("β₂ of D"), group="optimizer", low=0.0, high=0.9999, live=True,
        shown_if=_optimizer_uses("d_optimizer", "beta2"),
        help=N_("How long the size of gradients is remembered."),
        more=_BETA2_MORE)  # fmt: skip
    momentum: float = setting(0.0, title=N_("Momentum of D"), group="optimizer", low=0.0, high=0.99, live=True,
        shown_if=_optimizer_uses("d_optimizer", "momentum"),
        help=N_("How much of the last step is repeated."),
        more=_MOMENTUM_MORE)  # fmt: skip


@dataclass(frozen=True)
class RunConfig:
    """One run. Raises ConfigError for a value out of range and for values that do not go together."""

    data: DataConfig = DataConfig()
    latent: LatentConfig = LatentConfig()
    generator: GeneratorConfig = GeneratorConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    method: str = setting("gan", title=N_("Method"), group="loss", choices=registry.method, basic=True, shown_if=_pictures,
        help=N_("What the networks are to each other."),
        more=N_("A GAN learns from what a discriminator says of its samples. A VAE learns from its own pictures drawn again, and from how "
                "close its codes lie to the noise: a likelihood instead of a game, which never collapses and draws blurred pictures."))  # fmt: skip
    kl_weight: float = setting(1.0, title=N_("Weight β of the codes"), group="loss", low=0.0, high=100.0, log=True, zero_off=True, live=True,
        basic=True, shown_if=lambda c: c.method == "vae",
        help=N_("How much it counts that codes lie like the noise, beside drawing each picture again exactly (β-VAE). 1: the bound of the "
                "likelihood itself."),
        more=N_("Small: sharp reconstructions, but noise lands between the codes and its pictures are wrong. Large: noise and codes agree, and "
                "pictures blur; far above 1 codes say nothing any more, and all pictures are alike (posterior collapse). Higgins et al. 2017; "
                "Burgess et al. 2018, arXiv:1804.03599."))  # fmt: skip
    l1_weight: float = setting(100.0, title=N_("Weight λ of the truth"), group="loss", low=0.0, high=1000.0, live=True, basic=True,
        shown_if=lambda c: c.method == "pix2pix",
        help=N_("How much it counts that a translation is the true picture, value by value, beside convincing D."),
        more=N_("Without it anything goes that looks real beside what was given. Alone it gives the average of all answers that would do, which is a "
                "blur: D is there to make one of them sharp. The paper has 100 (Isola et al. 2017, section 3.3)."))  # fmt: skip
    cycle_weight: float = setting(10.0, title=N_("Weight λ of the cycle"), group="loss", low=0.0, high=100.0, live=True, basic=True,
        shown_if=lambda c: c.method == "cyclegan",
        help=N_("How much it counts that a picture, translated there and back, is what it was."),
        more=N_("Without it a translation may be any picture of the other kind, and has nothing to do with what was given. With much of it hardly "
                "anything is changed. The paper has 10 (Zhu et al. 2017, section 4)."))  # fmt: skip
    identity_weight: float = setting(0.5, title=N_("Weight ι of staying"), group="loss", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.method == "cyclegan",
        help=N_("How much it counts that a picture which is of the wanted kind already stays as it is, as a share of the cycle's weight."),
        more=N_("It keeps colours: without it a translation may exchange day and night as long as the way back exchanges them again (Zhu et al. 2017, "
                "section 5.2, figure 9). Only where both kinds have as many channels."))  # fmt: skip
    history: int = setting(50, title=N_("Pictures remembered"), group="stabilizers", low=0, high=500,
        shown_if=lambda c: c.method == "cyclegan",
        help=N_("D also sees translations of earlier steps, drawn from so many of them. 0: only those of this step."),
        more=N_("Half of what it is shown is old: G cannot win by going round in circles (Shrivastava et al. 2017, arXiv:1612.07828)."))  # fmt: skip
    loss: str = setting("relativistic", title=N_("Loss"), group="loss", choices=registry.loss, live=True, basic=True,
        help=N_("What each player tries to make small."),
        more=N_("The discriminator's objective and the generator's answer to it. Losses differ in how much the generator learns "
                "from a sample that is obviously fake."))  # fmt: skip
    penalty: str = setting("r1_r2", title=N_("Penalty"), group="loss", choices=registry.penalty, live=True, basic=True,
        help=N_("What keeps the discriminator from getting too steep."),
        more=N_("An unrestrained discriminator becomes a cliff between real and generated samples, and a cliff has no slope to "
                "learn from. Penalties on its gradient keep it walkable."))  # fmt: skip
    penalty_weight: float = setting(0.02, title=N_("Penalty weight"), group="loss", low=0.0, high=100.0, log=True, zero_off=True,
        live=True, basic=True, shown_if=lambda c: c.penalty != "none",
        help=N_("γ of R1 and R2, λ of the gradient penalty, or the bound c of weight clipping."),
        more=N_("Too small, and the game swings or explodes; too large, and the discriminator is flat and the generator crawls. "
                "It depends on the scale of the data."))  # fmt: skip
    penalty_final: float = setting(1.0, title=N_("Penalty weight at the end"), group="loss", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.penalty != "none" and c.schedule != "constant",
        help=N_("Share of the penalty weight that is left when the schedule ends."),
        more=N_("A strong penalty calms the beginning; a weak one lets the end get sharp (R3GAN, Huang et al. 2024, lowers it by "
                "a cosine)."))  # fmt: skip
    penalty_interval: int = setting(1, title=N_("Penalty every"), group="loss", low=1, high=16, unit=N_("steps"), live=True,
        shown_if=lambda c: registry.penalty[c.penalty].info["at"] is not None,
        help=N_("Apply the gradient penalty at every k-th step only, k times as strong: cheaper steps, the same pull."),
        more=N_("Lazy regularisation (Karras et al. 2020, StyleGAN2): a gradient penalty needs a second backward pass and "
                 "changes slowly from step to step, so most of them can do without. Too rare, and it pulls in jerks."))  # fmt: skip
    class_weight: float = setting(1.0, title=N_("Weight of the class"), group="loss", low=0.0, high=100.0, live=True,
        shown_if=lambda c: c.discriminator.conditioning == "classifier",
        help=N_("How much a right guess of the class counts beside real or generated (AC-GAN)."),
        more=N_("Large weights make classes clear and pictures of one class alike: AC-GAN prefers what is easy to recognise."))  # fmt: skip
    info_weight: float = setting(1.0, title=N_("Weight λ of the code"), group="loss", low=0.0, high=100.0, live=True,
        shown_if=lambda c: bool(c.codes),
        help=N_("How much it counts that the code can be read off a generated picture (InfoGAN)."),
        more=N_("With 0 nothing makes G use its code. With much, all pictures of one category are alike."))  # fmt: skip
    k_d: int = setting(1, title=N_("D steps per iteration"), group="loss", low=0, high=10, live=True,
        help=N_("How often the discriminator learns in each iteration."),
        more=N_("More steps bring the discriminator nearer to its best answer before the generator moves: Wasserstein critics "
                "like 5. With 0 it stands still."))  # fmt: skip
    k_g: int = setting(1, title=N_("G steps per iteration"), group="loss", low=0, high=10, live=True,
        help=N_("How often the generator learns in each iteration."),
        more=N_("More than one lets the generator chase the present discriminator, which invites mode collapse. With 0 it stands "
                "still."))  # fmt: skip
    g_optimizer: GOptimizerConfig = GOptimizerConfig()
    d_optimizer: DOptimizerConfig = DOptimizerConfig()
    batch_size: int = setting(256, title=N_("Batch size"), group="optimizer", low=2, high=8192, live=True, basic=True,
        unit=N_("samples"), help=N_("How many real and generated samples each step looks at."),
        more=N_("Larger batches give steadier gradients and fewer steps a second. A batch that misses a mode says nothing about "
                "it."))  # fmt: skip
    accumulation: int = setting(1, title=N_("Gradient accumulation"), group="optimizer", low=1, high=64, live=True,
        unit=N_("parts"), help=N_("Splits the batch into this many parts and adds up their gradients: less memory, the same step."),
        more=N_("Useful when a batch does not fit into the memory of the GPU. Batch normalisation then sees one part at a time."))  # fmt: skip
    schedule: str = setting("constant", title=N_("Schedule"), group="optimizer", live=True,
        choices={"constant": N_("Constant"), "linear": N_("Linear"), "cosine": N_("Cosine")},
        help=N_("How rates, penalty weight and noise move from their first to their last value."),
        more=N_("With constant rates the players keep jittering; falling rates let them settle. A cosine starts and ends gently."))  # fmt: skip
    horizon: int = setting(0, title=N_("Horizon"), group="optimizer", low=0, high=10**9, live=True, unit=N_("images"),
        help=N_("After how many real samples the schedule ends and the run is done. 0: it goes on until you stop it."),
        more=N_("Counted in real samples and not in steps, so that another batch size keeps the schedule."))  # fmt: skip
    lr_final: float = setting(1.0, title=N_("Learning rates at the end"), group="optimizer", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.schedule != "constant",
        help=N_("Share of the learning rates that is left when the schedule ends."),
        more=N_("0.05 means: at the end a twentieth of the rates is left. 1 keeps them."))  # fmt: skip
    beta2_final: float = setting(0.0, title=N_("β₂ at the end"), group="optimizer", low=0.0, high=0.9999, live=True, zero_off=True,
        zero=N_("as at the start"),
        shown_if=lambda c: c.schedule != "constant" and any(_optimizer_uses(p, "beta2")(c) for p in ("g_optimizer", "d_optimizer")),
        help=N_("Where the schedule leads β₂ of both players. 0: it stays as it is."),
        more=N_("A short memory at first, while the game changes fast, and a long one at the end: R3GAN (Huang et al. 2024) goes from 0.9 to "
                "0.99."))  # fmt: skip
    grad_clip: float = setting(0.0, title=N_("Gradient clipping"), group="stabilizers", low=0.0, high=1000.0, live=True,
        help=N_("Shortens a player's whole gradient to at most this length. 0: off."),
        more=N_("The direction stays, only the length is cut: one wild batch cannot throw a player far away."))  # fmt: skip
    label_smoothing: float = setting(0.0, title=N_("Label smoothing"), group="stabilizers", low=0.0, high=0.5, live=True,
        shown_if=lambda c: registry.loss[c.loss].info["targets"],
        help=N_("Real samples get the target 1 − s instead of 1, so that D never becomes too sure."),
        more=N_("One-sided, after Salimans et al. 2016 (arXiv:1606.03498): generated samples keep the target 0. Only losses with "
                "targets know it."))  # fmt: skip
    label_flip: float = setting(0.0, title=N_("Label flips"), group="stabilizers", low=0.0, high=0.5, live=True,
        help=N_("Share of samples that D sees under the wrong label."),
        more=N_("Some confusion keeps the discriminator humble: it can never be certain, so its gradient never quite vanishes."))  # fmt: skip
    instance_noise: float = setting(0.0, title=N_("Instance noise"), group="stabilizers", low=0.0, high=10.0, live=True, unit="σ",
        help=N_("Gaussian noise on everything D sees, in the units of training: real and generated overlap from the start."),
        more=N_("Sønderby et al. 2016 (arXiv:1610.04490): two sets of points that do not touch can be told apart perfectly; "
                "blurred ones cannot, and the gradient lives on. Let it fade with a schedule."))  # fmt: skip
    noise_final: float = setting(0.0, title=N_("Instance noise at the end"), group="stabilizers", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.instance_noise > 0 and c.schedule != "constant",
        help=N_("Share of the noise that is left when the schedule ends."),
        more=N_("0 lets it vanish, so that the last pictures are learned from sharp data."))  # fmt: skip
    augmentation: str = setting("none", title=N_("Augmentation"), group="stabilizers", choices=AUGMENTATIONS, live=True, shown_if=_uses("images"),
        help=N_("Changes every picture at random before D sees it, real and generated: with few pictures D cannot learn them by heart."),
        more=N_("DiffAugment: brightness, colour, contrast, moved, a square cut out, always (Zhao et al. 2020, arXiv:2006.10738). ADA: moved, scaled, turned, "
                "brightness, colour, contrast, as often as D's certainty asks for (Karras et al. 2020, arXiv:2006.06676). G learns through the change, "
                "and draws unchanged pictures."))  # fmt: skip
    augment_strength: float = setting(1.0, title=N_("Augmentation strength"), group="stabilizers", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.augmentation != "none",
        help=N_("How far the changes go: 1 as in the paper, 0 not at all."),
        more=N_("Half of it: half as far moved, half as large a square cut out, half as much brighter or darker."))  # fmt: skip
    augment_flips: bool = setting(False, title=N_("Mirrored, too"), group="stabilizers", live=True, shown_if=lambda c: c.augmentation == "ada",
        help=N_("Pictures are also mirrored left to right. Not for digits and letters."),
        more=N_("Only where a mirrored picture is as real as the original: faces and clothes are, writing is not."))  # fmt: skip
    ada_target: float = setting(0.6, title=N_("ADA target"), group="stabilizers", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.augmentation == "ada",
        help=N_("How sure D may be of real pictures before more of them are changed. 0: in doubt; 1: right about each."),
        more=N_("The mean sign of D's outputs on real pictures, r in Karras et al. 2020, section 3.1. Above the target the probability of a change rises, "
                "below it sinks; it stays under 0.8, so that changes do not show in the samples."))  # fmt: skip
    ada_speed: float = setting(100_000.0, title=N_("ADA speed"), group="stabilizers", low=1000.0, high=1e8, live=True, log=True,
        unit=N_("images"), shown_if=lambda c: c.augmentation == "ada",
        help=N_("Within how many images the probability of a change can go from 0 to 1."),
        more=N_("The paper's 500,000 are for runs of millions of images; shorter runs need a faster answer."))  # fmt: skip
    lecam_weight: float = setting(0.0, title=N_("LeCam weight"), group="stabilizers", low=0.0, high=100.0, live=True,
        help=N_("Holds D's outputs near where those on the other kind have lately been, so that D is never too sure. 0: off."),
        more=N_("Tseng et al. 2021, arXiv:2104.03310: made for little data, alone or beside augmentation. Much of it makes D blind."))  # fmt: skip
    feature_matching: float = setting(0.0, title=N_("Feature matching"), group="stabilizers", low=0.0, high=1.0, live=True, shown_if=_uses("images"),
        help=N_("How much of G's task is to match the mean of D's features instead of convincing D. 0: none; 1: all of it."),
        more=N_("Salimans et al. 2016, arXiv:1606.03498, section 3.1: what D's last layer is given shall have the same mean on generated as on real "
                "pictures. A calm goal, which says little about single samples."))  # fmt: skip
    ema_half_life: float = setting(20_000.0, title=N_("EMA half-life"), group="stabilizers", low=0.0, high=1e8, live=True,
        unit=N_("images"), log=True, zero_off=True,
        help=N_("The pictures come from an average of recent generators; this is how fast it forgets. 0: no averaging."),
        more=N_("Exponential moving average (EMA) of the generator's weights: it removes the jitter of the game."))  # fmt: skip
    ema_first: float = setting(1.0, title=N_("EMA half-life at the start"), group="stabilizers", low=0.0, high=1.0, live=True,
        shown_if=lambda c: c.schedule != "constant" and c.ema_half_life > 0,
        help=N_("Share of the half-life that the schedule begins with. 1: the same all the time."),
        more=N_("From 0 the average begins as the generator itself and gets calmer as training settles (R3GAN, Huang et al. 2024)."))  # fmt: skip
    ema_ramp: float = setting(0.05, title=N_("EMA ramp"), group="stabilizers", low=0.0, high=1.0, live=True,
        help=N_("Early on, the half-life is at most this share of the images seen. 0: no ramp."),
        more=N_("Without it the average would still remember the first, random weights long after the start (StyleGAN2-ADA, "
                "Karras et al. 2020)."))  # fmt: skip
    seed: int = setting(0, title=N_("Seed"), group="run", low=0, high=2**31 - 1, basic=True,
        help=N_("Same settings and same seed: the same run, bit for bit."),
        more=N_("It fixes the first weights, the order of the data and all noise. Results of one seed can be luck: compare "
                "several."))  # fmt: skip
    device: str = setting("auto", title=N_("Device"), group="run", choices=DEVICES,
        help=N_("Where the networks are trained. Automatic: a GPU where there is one."),
        more=N_("Small networks on points are often faster on a CPU: a GPU takes longer to be told what to do than to do it."))  # fmt: skip
    precision: str = setting("auto", title=N_("Arithmetic precision"), group="run", choices=PRECISIONS,
        help=N_("bfloat16 is faster on GPUs with wide networks. Automatic: only there."),
        more=N_("Mixed precision computes convolutions in 16 bits and keeps the weights in 32. Penalties and losses lose a little"
                " exactness."))  # fmt: skip
    speed: int = setting(0, title=N_("Speed"), group="run", low=0, high=1000, live=True, unit=N_("steps/s"), log=True, zero_off=True,
        zero=N_("full"), marked=False,
        help=N_("How many steps are taken in a second at most. 0: as many as there is time for."),
        more=N_("Slow enough, every single step is drawn. It changes when a step is taken and nothing about its result."))  # fmt: skip
    engine: str = setting("auto", title=N_("Engine"), group="run", choices=ENGINES, live=True,
        help=N_("Compiled: a whole step is one program, several times faster, made in about half a minute. Automatic: it starts "
                "eagerly and changes over when the program is ready."),
        more=N_("The eager step calls one small operation after the other; on small networks most of its time goes into the calls. "
                "The two differ in the last digits, so the change-over is written into the run's journal."))  # fmt: skip
    threads: int = setting(0, title=N_("CPU threads"), group="run", low=0, high=256,
        help=N_("0: one for points, all cores for pictures. Another number can change the last bits of the result."),
        more=N_("Several threads only help when each has enough to do: wide convolutions yes, small networks no."))  # fmt: skip

    def __post_init__(self) -> None:
        for field in fields():
            value = get(self, field.name)
            if field.parse(value) != value or type(value) is not field.type:
                raise ConfigError(N_("{field} cannot be {value}. Allowed: {allowed}."),
                                  field=field.name, value=shorten(value), allowed=field.allowed)  # fmt: skip
        check_together(self)

    @property
    def classes(self) -> int:
        """How many classes the players are told of; 0 where they are told of none."""
        return int(data_sets.info_of(self.data)["classes"]) if self.generator.conditioning != "none" else 0

    @property
    def g_needs_real(self) -> bool:
        """Whether a step of G compares with real samples."""
        return bool(registry.loss[self.loss].info["needs_real"]) or self.feature_matching > 0

    @property
    def augments(self) -> bool:
        """Whether D sees changed pictures."""
        return self.augmentation != "none" and self.augment_strength > 0

    @property
    def codes(self) -> int:
        """How many numbers of the code that D reads off pictures lie behind the noise: one a category, and the continuous ones."""
        return self.latent.categories + self.latent.continuous

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator judges samples: not in a VAE, whose encoder stands in its place."""
        return bool(registry.method[self.method].value.adversarial)

    @property
    def paired(self) -> bool:
        """Whether D judges a picture together with its code, and an encoder plays with G (BiGAN)."""
        return bool(registry.method[self.method].value.paired)

    @property
    def translates(self) -> bool:
        """Whether G is given a picture instead of noise."""
        return self.kind == "pairs"

    @property
    def cycles(self) -> bool:
        """Whether there are two of each player, one for each direction, and no pairs are needed (CycleGAN)."""
        return bool(registry.method[self.method].value.cycles)

    @property
    def kind(self) -> str:
        """ "points", "images" or "pairs"."""
        return str(registry.dataset[self.data.name].info["kind"])


# ── fields by dotted name ────────────────────────────────────────────────────────────────────────────────────────────────


def _walk(owner: type, prefix: str = "") -> Iterator[Field]:
    for item in dataclasses.fields(owner):
        if "spec" in item.metadata:
            yield Field(prefix + item.name, item.default, _of_methods(prefix + item.name, item.metadata["spec"]))
        elif item.default is not dataclasses.MISSING:
            yield from _walk(type(item.default), f"{prefix}{item.name}.")


def _of_methods(name: str, spec: Spec) -> Spec:
    """`spec`, not shown where the method of a run has no use for the setting, whatever else decides that."""
    using = {entry.name: entry.value.uses(name, spec.group) for entry in registry.method.entries()}
    if all(using.values()):
        return spec
    also = spec.shown_if
    return dataclasses.replace(spec, shown_if=lambda c: using[c.method] and (also is None or bool(also(c))))


@cache
def _fields() -> dict[str, Field]:
    return {field.name: field for field in _walk(RunConfig)}


def fields() -> list[Field]:
    """Every setting of RunConfig, in order."""
    return list(_fields().values())


def field(name: str) -> Field:
    """The setting with this dotted name. Raises ConfigError that names near ones."""
    try:
        return _fields()[name]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(name, _fields(), 3, 0.5) or list(_fields())
        raise ConfigError(N_("There is no setting called {name}. Perhaps: {near}."), name=shorten(name),
                          near=", ".join(near)) from None  # fmt: skip


def get(config: RunConfig, name: str) -> Any:
    """The value of a dotted name."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def replace(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """`config` with the dotted names in `changes` set; values may be text. Raises ConfigError."""
    parsed = {name: field(name).parse(value) for name, value in changes.items()}
    top: dict[str, Any] = {name: value for name, value in parsed.items() if "." not in name}
    for section in {name.split(".")[0] for name in parsed if "." in name}:
        inner = {name.split(".")[1]: value for name, value in parsed.items() if name.startswith(section + ".")}
        top[section] = dataclasses.replace(getattr(config, section), **inner)
    return dataclasses.replace(config, **top)


def differences(old: RunConfig, new: RunConfig) -> dict[str, tuple[Any, Any]]:
    """Dotted name -> (old, new) of every setting that differs."""
    pairs = {f.name: (get(old, f.name), get(new, f.name)) for f in fields()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def live_differences(old: RunConfig, new: RunConfig) -> dict[str, tuple[Any, Any]]:
    """The differences, for a run that goes on. Raises ConfigError where a setting differs that is fixed at the start."""
    changed = differences(old, new)
    fixed = [name for name in changed if not field(name).spec.live]
    if fixed:
        raise ConfigError(N_("{fields} cannot change while a run goes on. Start a new run with the new value."),
                          fields=", ".join(fixed))  # fmt: skip
    return changed
