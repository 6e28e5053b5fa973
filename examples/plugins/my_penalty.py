"""A penalty of your own: `gan-playground --plugin examples/plugins/my_penalty.py`."""

from torch import Tensor

from gan_core.registry import penalty


@penalty(
    "log_slope",
    title="Logarithm of the slope",
    help="Steep places are held back, but far less than by R1: the penalty grows like a logarithm.",
    at="real",  # where D's gradient is taken: "real", "fake", "both", "mix" (between them) or "near" (around real samples)
    symbol="γ",  # what its weight is called
    weight=1.0,  # and how large it is to begin with
    low=0.0,
    high=100.0,
)
def log_slope(squared_norm: Tensor) -> Tensor:
    """γ · E_real[log(1 + ‖∇D(x)‖²)]."""
    return squared_norm.log1p()  # (B,), from the squared gradient norm of each sample (B,)
