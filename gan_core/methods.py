"""Methods: what the networks of a run do in a step, and which settings that gives a meaning.

A method says which phases a step has, whether a discriminator judges samples at all, which settings only make sense with one value, and
how the settings of the network in the discriminator's place are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_core.phases import CODES, VAE_CODES
from gan_core.registry import Story, method
from gan_core.text import N_

ADJUSTABLE = ("loss", "stabilizers")  # groups whose settings are about the game, and mean nothing without one


@dataclass(frozen=True)
class Method:
    """`codes`: the phases of a step. `adversarial`: a discriminator judges samples. `needs`: the one value that goes with it, of settings
    that are not shown then. `keeps`: settings of the groups ADJUSTABLE that it knows; None: all. `words`: title, help and explanation of
    settings that mean something else with it; `groups`: the same for titles of groups. `eager`: why its steps are not compiled.
    `paired`: D judges a picture together with its code, and an encoder of its own plays with G. `kinds`: of data that it is for.
    `cycles`: there are two of each player, one for each direction of a translation."""

    doc: str
    codes: tuple[str, ...] = CODES
    adversarial: bool = True
    needs: Mapping[str, Any] = field(default_factory=dict)
    keeps: frozenset[str] | None = None
    words: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    eager: str = ""
    paired: bool = False
    kinds: tuple[str, ...] = ("images",)
    cycles: bool = False

    def uses(self, name: str, group: str) -> bool:
        """Whether a setting (dotted name) of this group has any effect on such a run."""
        return name not in self.needs and (self.keeps is None or group not in ADJUSTABLE or name in self.keeps)


method("gan", title=N_("GAN"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
       help=N_("A discriminator judges, and the generator learns to please it."),
       story=Story(
           fixed=N_("Training a generator by likelihood needs a density or a Markov chain. A second network's verdict needs neither."),
           use=N_("For sharp samples, where no likelihood is wanted."),
           fails=N_("There is no slope that both players go down: they can circle, collapse or drown each other's gradient, and the losses say little "
               "about quality."),
           base="gan_lab",
           code=("gan_core.losses:minimax", "gan_core.trainer:Trainer._d_phases", "gan_core.trainer:Trainer._g_phases"),
       ))(
    Method("k_d steps of the discriminator, then k_g steps of the generator, each on a loss of its own.", kinds=("points", "images"))
)  # fmt: skip

_STEP = N_(
    "Too small, and it learns next to nothing; too large, and it jumps about. The decoder has a rate of its own."
)
_ENCODER = {
    "discriminator.network": (N_("Network"), N_("MLP: fully connected layers. DCGAN: convolutions that shrink a picture step by step."),
                              N_("The same layers as a discriminator's, up to the last one: that gives a mean and a spread for each "
                                 "number of the code.")),
    "discriminator.hidden": (N_("Hidden layers"), N_("Neurons in each hidden layer, with commas between: 64,64 is two layers of 64."),
                             N_("What it overlooks in a picture, the decoder cannot draw again.")),
    "discriminator.width": (N_("Width"), N_("Channels of the layer nearest to the picture; each layer further in has twice as many, up "
                                            "to 8×."), N_("The number of feature maps.")),
    "discriminator.norm": (N_("Normalisation"), N_("Rescales activations between layers."),
                           N_("No penalty forbids batch normalisation here: nothing is judged sample by sample.")),
    "discriminator.activation": (N_("Activation"), N_("The bend between two layers."),
                                 N_("ReLU cuts at zero, LeakyReLU keeps a fifth of what is below; tanh, SiLU and GELU are smooth.")),
    "d_optimizer.name": (N_("Optimiser of the encoder"), N_("The rule that turns gradients into steps."), ""),
    "d_optimizer.lr": (N_("Learning rate of the encoder"), N_("Size of the encoder's steps."), _STEP),
    "d_optimizer.beta1": (N_("β₁ of the encoder"), N_("How much of the last gradients is kept (momentum)."),
                          N_("Encoder and decoder go down one slope together: momentum helps here, as it does not in a game.")),
    "d_optimizer.beta2": (N_("β₂ of the encoder"), N_("How long the size of gradients is remembered."), ""),
    "d_optimizer.momentum": (N_("Momentum of the encoder"), N_("How much of the last step is repeated."), ""),
}  # fmt: skip
_DECODER = {
    "g_optimizer.name": (N_("Optimiser of the decoder"), N_("The rule that turns gradients into steps."), ""),
    "g_optimizer.lr": (N_("Learning rate of the decoder"), N_("Size of the decoder's steps."), ""),
    "g_optimizer.beta1": (N_("β₁ of the decoder"), N_("How much of the last gradients is kept (momentum)."), ""),
    "g_optimizer.beta2": (N_("β₂ of the decoder"), N_("How long the size of gradients is remembered."), ""),
    "g_optimizer.momentum": (N_("Momentum of the decoder"), N_("How much of the last step is repeated."), ""),
}  # fmt: skip

method("vae", title=N_("VAE"), paper="Kingma & Welling 2014, arXiv:1312.6114",
       help=N_("No game: an encoder turns a picture into a code, and the generator, now a decoder, draws it again. Both make one loss small."),
       story=Story(
           fixed=N_("The likelihood of a model with hidden causes cannot be computed. An encoder that guesses the causes gives a bound of it that can "
               "be, with one slope for both networks."),
           use=N_("For a way back from pictures to codes, for stable training, and to compare a GAN with."),
           fails=N_("What it is unsure of it draws as an average: blurred. With a large β the codes say nothing any more (posterior collapse). "
               "Samples from noise are good only where codes lie like the noise."),
           base="vae",
           code=("gan_core.variational:objective", "gan_core.variational:draw"),
       ))(
    Method(
        "One step of encoder and decoder together on the negative evidence lower bound; the encoder stands in the discriminator's place.",
        codes=VAE_CODES, adversarial=False,
        needs={"latent.categories": 0, "latent.continuous": 0, "latent.distribution": "gaussian", "generator.conditioning": "none", "discriminator.conditioning": "none",
               "discriminator.packing": 1, "discriminator.minibatch_std": False, "discriminator.spectral_norm": False, "penalty": "none",
               "k_d": 1, "k_g": 1},
        keeps=frozenset({"method", "kl_weight", "grad_clip", "ema_half_life", "ema_ramp", "generator.spectral_norm"}),
        words=_ENCODER | _DECODER, groups={"generator": N_("Decoder"), "discriminator": N_("Encoder")},
        eager=N_("The steps of a VAE are not compiled: it is trained eagerly."),
    )
)  # fmt: skip

method("bigan", title=N_("BiGAN"), paper="Donahue et al. 2017, arXiv:1605.09782; Dumoulin et al. 2017, arXiv:1606.00704",
       help=N_("A GAN that also learns the way back: D judges pictures together with their codes, real ones with those that an encoder gives them, "
               "generated ones with the noise they were made from."),
       story=Story(
           fixed=N_("A GAN has no way from a picture to its noise. If D cannot tell pairs of picture and code apart, encoder and generator are each "
               "other's inverse."),
           use=N_("For codes of pictures that mean more than pixels do."),
           fails=N_("The inverse comes late and stays rough: what is drawn again is alike in kind, seldom in every stroke."),
           base="bigan",
           builds=("method.gan",),
           code=("gan_core.engine.objectives:exchanged",),
       ))(
    Method(
        "k_d steps of the discriminator on pairs of picture and code, then k_g steps of generator and encoder together against it.",
        needs={"latent.categories": 0, "latent.continuous": 0, "generator.conditioning": "none", "discriminator.conditioning": "none",
               "discriminator.packing": 1},
        words={"g_optimizer.lr": (N_("Learning rate of G and the encoder"), N_("Size of the steps that generator and encoder take together."),
                                  N_("The two rates set who learns faster: the discriminator, or the two that play against it."))},
        eager=N_("The steps of a BiGAN are not compiled: it is trained eagerly."), paired=True,
    )
)  # fmt: skip

# A generator that is given a picture has no noise, and what judges patches sees neither classes nor packs.
_TRANSLATES: dict[str, Any] = {
    "latent.dim": 2, "latent.distribution": "gaussian", "latent.categories": 0, "latent.continuous": 0, "generator.conditioning": "none", "discriminator.conditioning": "none",
    "discriminator.packing": 1, "discriminator.minibatch_std": False, "penalty": "none", "augmentation": "none", "lecam_weight": 0.0,
    "feature_matching": 0.0, "label_flip": 0.0, "accumulation": 1,
}  # fmt: skip
_EAGER = N_("The steps of a translation are not compiled: it is trained eagerly.")

_TRANSLATION_WORDS = {
    "method": (N_("Method"), N_("How it learns to translate."),
               N_("pix2pix is told the truth for each picture. CycleGAN never is: it needs only many pictures of both kinds, and more time.")),
    "generator.network": (N_("Network"), N_("U-Net: down to a few pixels and up again, with bridges. Residual: blocks at a quarter of the size."),
                          N_("A bridge carries what stays where it was: outlines, edges, places. Without one everything has to be drawn again, which "
                             "leaves more freedom to change shapes.")),
    "generator.width": (N_("Width"), N_("Channels of the layer nearest to the picture; layers further in have more."), N_("Twice the width is up to four times the work.")),
    "generator.blocks": (N_("Residual blocks"), N_("How many blocks work at a quarter of the size."), N_("The paper has six for 128 pixels and nine for 256.")),
    "discriminator.network": (N_("Network"), N_("Judges every patch of a picture by itself."),
                              N_("What it cannot see, it cannot ask for: the L1 distance or the cycle is there for the whole.")),
}  # fmt: skip

method("pix2pix", title=N_("pix2pix (pairs)"), paper="Isola et al. 2017, arXiv:1611.07004",
       help=N_("Each picture has a partner. G learns to make the one from the other; D sees both and judges patch by patch whether they belong together."),
       story=Story(
           fixed=N_("Each translation task had a loss made by hand. A conditional D learns one, and an L1 distance holds G to the truth."),
           use=N_("Where there are pairs: outlines and pictures, grey and colour, noisy and clean."),
           fails=N_("It needs pairs. G pays little attention to noise, so that each input has one answer. Where many answers would do, a large λ "
               "brings the blur back."),
           base="edges",
           builds=("method.gan", "network.unet", "network.patches"),
           code=("gan_core.translation.trainer:TranslationTrainer._d_phases", "gan_core.translation.objectives:absolute"),
       ))(
    Method(
        "k_d steps of the discriminator on what was given beside true and made pictures, then k_g steps of the generator, which is also held "
        "to the true picture.",
        needs=_TRANSLATES, kinds=("pairs",), eager=_EAGER, words=_TRANSLATION_WORDS,
    )
)  # fmt: skip

method("cyclegan", title=N_("CycleGAN (no pairs)"), paper="Zhu et al. 2017, arXiv:1703.10593",
       help=N_("Two heaps of pictures without partners. One G leads there and one back; each has a D, and who goes there and back must come home."),
       story=Story(
           fixed=N_("Pairs are often not to be had. That a picture must come home from there and back takes the place of the truth."),
           use=N_("With two heaps of pictures of the same things in two styles."),
           fails=N_("It changes colours and textures well and shapes badly. It can hide what it needs for the way home in patterns nobody sees (Chu "
               "et al. 2017). Four networks learn: the preset neon takes about three times as long as the others."),
           base="neon",
           builds=("method.pix2pix", "network.residual", "loss.least_squares"),
           code=("gan_core.translation.objectives:cycle", "gan_core.translation.trainer:TranslationTrainer._g_phases"),
       ))(
    Method(
        "k_d steps of both discriminators, then k_g steps of both generators, which are also held to what comes back.",
        needs=_TRANSLATES, kinds=("pairs",), eager=_EAGER, cycles=True, words=_TRANSLATION_WORDS,
    )
)  # fmt: skip
