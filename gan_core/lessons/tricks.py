"""Training tricks on trial: which help, here, over how many seeds."""

from __future__ import annotations

from typing import Any

from gan_core.lessons.lesson import Ask, Lesson, Prose, Reveal, Target, Task, Trial

# A discriminator that learns so fast that the generator mostly loses clusters: room for a trick to help, and for one to harm.
SETTINGS = {
    "data.name": "ring", "data.sigma": 0.05, "latent.dim": 2, "generator.hidden": (16, 16), "discriminator.hidden": (16, 16),
    "generator.activation": "relu", "discriminator.activation": "relu", "batch_size": 64, "loss": "non_saturating", "penalty": "none",
    "ema_half_life": 0.0, "k_d": 3, "g_optimizer.lr": 1e-3, "d_optimizer.lr": 1e-2,
}  # fmt: skip
TRICKS: dict[str, dict[str, Any]] = {
    "smoothing": {"label_smoothing": 0.1},
    "noise": {"instance_noise": 0.2},
    "scales": {"d_optimizer.lr": 1e-3},
    "ema": {"ema_half_life": 10_000.0},
    "clipping": {"grad_clip": 0.1},
    "accumulation": {"accumulation": 4},
}
# A hundred digits, and nothing that keeps the discriminator from learning them by heart.
FEW: dict[str, Any] = {
    "augmentation": "none", "penalty": "none", "generator.width": 16, "discriminator.width": 16, "g_optimizer.lr": 2e-3, "d_optimizer.lr": 4e-3,
}  # fmt: skip
AUGMENTED: dict[str, dict[str, Any]] = {
    "diffaugment": {"augmentation": "diffaugment"},
    "ada": {"augmentation": "ada", "ada_speed": 20_000.0},
}
LESSON = Lesson(
    "tricks", minutes=10, zoo=("metric.swd", "trick.diffaugment", "trick.ada"),
    parts=(
        Prose("intro"),
        Ask("most", options=("smoothing", "noise", "scales", "ema", "clipping", "accumulation"), right="scales"),
        Prose("chance", after=("most",)),
        Ask("interval", options=("better", "unknown", "equal"), right="unknown", checked=True, after=("most",)),
        Trial("trial", preset="collapse", changes=SETTINGS, tricks=TRICKS, figure="swd", steps=600, after=("interval",), tasks=(
            Task("first", (Target("tried", at_least=1),)),
            Task("beyond", (Target("beyond", at_least=1),), goal=True, solution={"trick": "noise"}),
            Task("within", (Target("within", at_least=1),), goal=True, solution={"trick": "accumulation"}),
        )),
        Reveal("seen", of="most", after=("trial.beyond", "trial.within")),
        Trial("pictures", preset="diffaugment", changes=FEW, tricks=AUGMENTED, figure="fd", steps=1500,
              after=("trial.beyond", "trial.within"), tasks=(Task("first", (Target("tried", at_least=1),)),)),
        Reveal("pictured", aside=True, after=("pictures.first",)),
        Prose("many", after=("trial.beyond", "trial.within")),
        Ask("alarm", low=0, high=100, right=26.5, tolerance=1.0, percent=True, checked=True, after=("trial.beyond", "trial.within")),
    ),
)  # fmt: skip
