"""The texts that a script is put together from, where they are not the sources of functions."""

from __future__ import annotations

RESERVED = (
    "G", "D", "g_optimizer", "d_optimizer", "average", "rng", "latents", "reals", "order", "pictures", "Stream", "fill", "noisy", "learn",
    "change", "step", "images", "weight", "lazy", "sigma", "sample", "d_loss", "g_loss", "d_mean", "g_mean", "n", "STEPS", "DEVICE",
)  # fmt: skip

HEAD = '''"""{title}. A GAN from GAN Playground, as one file that needs only PyTorch.

    python THIS_FILE            # {steps} steps: losses as it goes, then {samples}
    python THIS_FILE 100        # only so many

It draws the same random numbers in the same order as the app with the eager engine. On a CPU of the same type, with PyTorch
{torch} and {threads}, the weights are the same bit for bit; elsewhere they differ in the last digits at first.
{more}"""

from __future__ import annotations
'''

STREAM = '''class Stream:
    """Batches cut from blocks of rows; what is left of a block too short for a batch is dropped."""

    def __init__(self, draw: Callable, rng: torch.Generator, rows: int) -> None:
        self.draw, self.rng, self.rows = draw, rng, rows
        self.block, self.position = torch.empty(0), 0

    def next(self, n: int) -> Tensor:
        if self.position + n > len(self.block):
            self.block, self.position = self.draw(max(n, self.rows), self.rng), 0
        self.position += n
        return self.block[self.position - n : self.position]
'''

PICTURES = """pictures = {pictures}
order = Stream(lambda n, rng: torch.randperm(len(pictures), generator=rng).to(DEVICE), rng["data"], len(pictures))
"""

GENERATORS = """

# The run's own random numbers: a generator a purpose.
rng = {{purpose: torch.Generator({where}) for purpose in {purposes}}}
for i, purpose in enumerate(rng):
    rng[purpose].manual_seed(({seed} * {count} + i) * 0x9E3779B97F4A7C15 % 2**63)
"""


def fill(kinds: list[str]) -> str:
    """The function that gives a network its first weights; `kinds`: of layers that have any."""
    chosen = f"nn.{kinds[0]}" if len(kinds) == 1 else f"({', '.join(f'nn.{kind}' for kind in kinds)})"
    return f'''def fill(module: nn.Module) -> nn.Module:
    """First weights, uniform in ±1/√inputs as torch has them, from the run's own generator."""
    for layer in module.modules():
        if isinstance(layer, {chosen}):
            bound = layer.weight[0].numel() ** -0.5
            for p in layer.parameters(recurse=False):
                nn.init.uniform_(p, -bound, bound, generator=rng["init"])
    return module
'''


NOISY = '''def noisy(x: Tensor) -> Tensor:
    """With noise, in the units of training: what D sees of real and of generated samples."""
    return x + sigma * torch.randn(x.shape, generator=rng["augment"], device=DEVICE) if sigma else x
'''

FLIP = "on_real, on_fake = torch.where(flips, on_fake, on_real), torch.where(flips, on_real, on_fake)"
HALVES = "  # 2: the means of both halves, added"
D_DOC = "L_D + weight · E[penalty], on n real and n generated samples."
D_DOC_FREE = "L_D on n real and n generated samples."
G_DOC = "L_G on n generated samples."
LEARN_DOC = "One step of a player on its own loss; the loss."
CHANGE_DOC = "What was changed while the run went on, at which step."


def uniform(packing: int) -> str:
    """One random number for each of D's logits on n samples."""
    count = f"n // {packing}" if packing > 1 else "n"
    return f'torch.rand({count}, generator=rng["augment"], device=DEVICE)'


def placed(at: str, packing: int) -> str:
    """What the points of a penalty are made with."""
    return uniform(packing) if at == "mix" else 'torch.randn(real.shape, generator=rng["augment"], device=DEVICE)'


def LEARN(batch: str) -> list[str]:  # noqa: N802 - a text, like the others
    return [
        "parameters = list(player.parameters())",
        f"mean = loss({batch})",
        "gradients = torch.autograd.grad(mean, parameters)",
    ]


def LEARN_SPLIT(parts: str, batch: str) -> list[str]:  # noqa: N802
    return [
        "parameters = list(player.parameters())",
        "gradients = mean = None",
        f"for _ in range({parts}):  # the batch in parts",
        f"    part = loss({batch} // {parts})",
        "    new = torch.autograd.grad(part, parameters)",
        "    gradients = [a + b for a, b in zip(gradients, new)] if gradients else list(new)",
        "    mean = part.detach() if mean is None else mean + part.detach()",
        f"mean, gradients = mean / {parts}, [g / {parts} for g in gradients]",
    ]


PRINT = [
    "if step % 500 == 0 or step == STEPS - 1:",
    '    print(f"step {step + 1:>7}   D {d_mean:8.4f}   G {g_mean:8.4f}")',
]

BUFFERS = """
    for ours, theirs in zip(average.buffers(), G.buffers()):
        ours.copy_(theirs)"""

SAMPLE = '''@torch.no_grad()
def sample(n: int, seed: int = 0) -> Tensor:
    """n samples of the averaged generator, from latents that the seed fixes."""{buffers}
    latent_rng, made = torch.Generator().manual_seed(seed), []
    for done in range(0, n, {batch}):
        z = {draw}.to(DEVICE)
        made.append({average}.eval()(z).float().cpu())
    return torch.cat(made){scale}


'''

POINTS_END = """lines = [f"{{x:.9g}},{{y:.9g}}\\n" for x, y in sample({count}).tolist()]
Path("{file}").write_text("x,y\\n" + "".join(lines), encoding="utf-8")
"""

PICTURES_END = """grid = ((sample({count}) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
_, c, h, w = grid.shape
grid = grid.view({side}, {side}, c, h, w).permute(0, 3, 1, 4, 2).contiguous()
Path("{file}").write_bytes(f"P{code} {{{side} * w}} {{{side} * h}} 255\\n".encode() + grid.numpy().tobytes())
"""
