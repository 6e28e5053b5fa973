"""A loss of your own: `gan-playground --plugin examples/plugins/my_loss.py`."""

from torch import Tensor

from gan_core.registry import loss


@loss(
    "margin",
    title="Margin",
    help="Real samples shall score a margin of 1 more than generated ones, on average. Beyond it the critic rests.",
    needs_real=True,  # the generator's loss looks at D's outputs on real samples
    targets=False,  # nothing that label smoothing could soften
    output="critic",  # how to read D's output: "probability", "target" or "critic"
)
def margin(real: Tensor, fake: Tensor, smooth: float = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = max(0, 1 − (E[D(x)] − E[D(G(z))])),  L_G = E[D(x)] − E[D(G(z))]."""
    apart = real.mean() - fake.mean()
    return (1 - apart).clamp(min=0), apart
