"""What statuses, panels of curves and curves are called, wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable

from gan_core.runs import frames
from gan_core.text import N_, pair

STATUSES = {
    "preparing": N_("Preparing"),
    "queued": N_("Waiting"),
    "running": N_("Training"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "stopped": N_("Stopped"),
    "failed": N_("Failed"),
}
PANELS = {
    "loss": N_("Losses"),
    "held": N_("What G is held to (L1)"),
    "translation": N_("On held-out pictures (L1)"),
    "psnr": N_("On held-out pictures (PSNR)"),
    "ssim": N_("On held-out pictures (SSIM)"),
    "elbo": N_("Terms of the loss (nats a picture)"),
    "critic": N_("Discriminator's output (mean logit)"),
    "gradients": N_("Gradient norms"),
    "penalty": N_("Penalty"),
    "augmentation": N_("Augmentation"),
    "metrics": N_("Quality of the samples"),
    "frechet": N_("Distance in a classifier's features"),
    "divergence": N_("Divergence from the data"),
    "distance": N_("Distance from the data"),
}
CURVES = {
    "d_loss": N_("Discriminator"),
    "g_loss": N_("Generator"),
    "l1": N_("To the truth"),
    "cycle": N_("Cycle"),
    "identity": N_("Staying"),
    "test_l1": N_("To the truth"),
    "cycle_there": N_("There and back"),
    "cycle_back": N_("Back and there"),
    "psnr": N_("PSNR (dB)"),
    "ssim": N_("SSIM"),
    "reconstruction": N_("Reconstruction"),
    "kl": N_("KL divergence"),
    "d_real": N_("On real"),
    "d_fake": N_("On generated"),
    "d_gradient": N_("Discriminator"),
    "g_gradient": N_("Generator"),
    "encoder_gradient": N_("Encoder"),
    "decoder_gradient": N_("Decoder"),
    "penalty": N_("Penalty"),
    "augment_p": N_("Probability"),
    "quality": N_("High quality"),
    "coverage": N_("Modes covered"),
    "precision": N_("Precision"),
    "recall": N_("Recall"),
    "class_coverage": N_("Classes drawn"),
    "as_asked": N_("As asked for"),
    "fd": N_("Fréchet distance (classifier of the set)"),
    "reverse_kl": N_("Reverse KL"),
    "js": N_("Jensen–Shannon"),
    "class_kl": N_("Reverse KL of the classes"),
    "swd": N_("Sliced Wasserstein"),
}


def curve_title(name: str, _: Callable[[str], str] = str) -> str:
    """What a curve is called by itself: with its panel where other panels have one of that name."""
    title = _(CURVES[name])
    alone = [_(other) for other in CURVES.values()].count(title) == 1
    return title if alone else pair(_(PANELS[frames.CURVES[name][0]]), title, _)
