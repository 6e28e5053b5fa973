"""One sample as a short Python file that needs only torch, safetensors and Pillow: its latent, the generator as plain code, and how it was
looked at. The weights are read from the checkpoint that they were saved in."""

from __future__ import annotations

import base64
import textwrap

import torch
from torch import Tensor

from gan_core.data.sets import PointSet
from gan_core.errors import ExportError
from gan_core.export import layout, modules
from gan_core.export.literals import Literals
from gan_core.export.sources import Sources
from gan_core.latent.explored import ExploredRun, Noise
from gan_core.latent.units import Factors
from gan_core.networks import normalises_spectra
from gan_core.text import N_

_RESERVED = (
    "G",
    "LATENT",
    "CHANNELS",
    "NOISE",
    "DEVICE",
    "latent",
    "styles",
    "channels",
    "times",
    "noise",
    "own",
    "rng",
    "file",
    "weights",
    "out",
    "pixels",
    "x",
    "y",
)

_HEAD = '''"""{title}: one {what} of a generator from GAN Playground, drawn again.

    pip install torch safetensors numpy pillow
    python THIS_FILE {file}{more}

The checkpoint has the generator's weights at step {step}; it lies in the folder of the run {run}.
On a processor of the same type, with PyTorch {torch}, {same}.
"""

from __future__ import annotations
'''

_CHANNELS = '''def times(channels: dict[int, float]):
    """What multiplies these channels of a layer's output."""

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        factor = torch.ones(output.shape[1], device=output.device, dtype=output.dtype)
        for channel, by in channels.items():
            factor[channel] = by
        return output * factor.view(1, -1, *[1] * (output.dim() - 2))

    return hook


for layer, channels in CHANNELS.items():
    G.get_submodule(layer).register_forward_hook(times(channels))
'''


_NOISE = """own = [layer.noise.fixed for layer in G.convs]
noise = list(own)
for k, seed in NOISE.items():
    noise[k] = torch.zeros_like(own[k])
    if seed is not None:
        rng = torch.Generator().manual_seed(seed)  # it has a map for each layer, one after the other
        noise[k] = [torch.randn(own[i].shape, generator=rng) for i in range(k + 1)][k].to(own[k])
"""


def drawing(
    explored: ExploredRun, latent: Tensor, psi: float, factors: Factors, noise: Noise, title: str, run: str, file: str
) -> str:
    """The text of the file. latent: inputs (inputs,) or styles (layers, dim), looked at as `explored.draw` and `explored.switched` do; `file`:
    where in the folder of the run called `run` the checkpoint is. Raises ExportError for a network whose code cannot stand alone."""
    config, data = explored.config, explored.data
    literals = Literals()
    sources = Sources(literals, _RESERVED)
    for module in ("base64", "sys", "torch"):
        sources.need(module)
    sources.need("torch", "nn", "Tensor")
    made = modules.network("generator", config, data.shape, sources, filled=True)
    if literals.files:
        raise ExportError(
            N_("This network is too large to be written as a short script. Take the picture as PNG instead.")
        )
    code = sources.flush()
    is_points = isinstance(data, PointSet)
    body = [f'LATENT = """\n{textwrap.fill(_encoded(latent), 110)}\n"""  # 32-bit floats, {_form(explored, latent)}']
    if factors:
        body.append(
            f"CHANNELS = {_by_name(explored, factors)!r}  # by layer: a channel, and how many times its output counts"
        )
    if noise:
        body.append(
            f"NOISE = {dict(noise)!r}  # by layer: the seed of its noise, None for no noise; others have their own"
        )
    body += [
        f'DEVICE = torch.device("{explored.device.type}")',
        "torch.set_num_threads(1)",
        code,
        f"G = {made}",
    ]
    if normalises_spectra(config.generator):
        sources.need("torch.nn.utils.parametrizations", "spectral_norm")
        body.append(_SPECTRAL)
    body.append(_WEIGHTS)
    body += [_CHANNELS] if factors else []
    body += [_NOISE] if noise else []
    body += [_draw(explored, latent, psi, bool(noise)), _points(data) if isinstance(data, PointSet) else _PICTURE]
    standard, _, ours = sources.imports().rpartition("\n\n")
    others = [
        "import numpy as np",
        *([] if is_points else ["from PIL import Image"]),
        "from safetensors import safe_open",
    ]
    imports = "\n".join(sorted([*others, *ours.splitlines()], key=lambda line: line.startswith("from")))
    head = _HEAD.format(
        title=title.replace("\\", " ").replace('"', "'"), what="point" if is_points else "picture", file=file, step=explored.step, run=run,
        torch=torch.__version__, more="" if is_points else " picture.png",
        same="it is the same point, bit for bit" if is_points else "it is the same picture, bit for bit; elsewhere a pixel may differ by one",
    )  # fmt: skip
    return layout.spaced("\n\n".join([head, standard, imports, *body]))


_SPECTRAL = """for layer in [m for m in G.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]:
    spectral_norm(layer)
"""

_WEIGHTS = """with safe_open(sys.argv[1], framework="pt") as file:  # "ema/": the averaged weights, which draw what is shown
    weights = {name[4:]: file.get_tensor(name) for name in file.keys() if name.startswith("ema/")}
G.load_state_dict(weights)
G.to(DEVICE).eval()
"""

_PICTURE = """pixels = ((out.float().cpu().clamp(-1, 1) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)[0]  # (channels, height, width)
Image.fromarray(pixels.permute(1, 2, 0).squeeze(2).numpy()).save(sys.argv[2] if len(sys.argv) > 2 else "picture.png")
"""


def _encoded(latent: Tensor) -> str:
    return base64.b64encode(latent.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()).decode("ascii")


def _form(explored: ExploredRun, latent: Tensor) -> str:
    if latent.dim() == 2:
        return f"{len(latent)} styles of {explored.dim} numbers each"
    behind = {
        bool(explored.traits.classes): "a class",
        bool(explored.traits.categories or explored.traits.continuous): "a code",
    }.get(True)
    return f"{explored.dim} of noise" + (f" and {explored.behind} of {behind}" if behind else "")


def _by_name(explored: ExploredRun, factors: Factors) -> dict[str, dict[int, float]]:
    """By the name of the layer's module: its channels, and what each is multiplied by."""
    found: dict[str, dict[int, float]] = {}
    with explored.switched(factors) as g:
        names = {id(module): name for name, module in g.named_modules()}
        for (layer, channel), factor in factors.items():
            found.setdefault(names[id(explored.unit_layers[layer].module)], {})[channel] = factor
    return found


def _draw(explored: ExploredRun, latent: Tensor, psi: float, is_noisy: bool) -> str:
    """The lines from the latent to what the generator makes of it."""
    dim, is_styles = explored.dim, latent.dim() == 2
    shape = f"(1, {len(latent)}, {dim})" if is_styles else "(1, -1)"
    lines = [f'latent = torch.from_numpy(np.frombuffer(base64.b64decode(LATENT), "<f4").copy()).view{shape}.to(DEVICE)']
    lines.append("with torch.no_grad():")
    if explored.has_styles:
        styles = "latent" if is_styles else f"G.mapping(latent[:, :{dim}])[:, None].expand(-1, G.layers, -1)"
        lines += [f"    styles = {styles}"]
        lines += [f"    styles = G.mean + {psi!r} * (styles - G.mean)  # truncation"] if psi != 1 else []
        lines.append(f"    out = G.synthesis(styles{', noise' if is_noisy else ''})")
    else:
        lines += (
            [f"    latent = torch.cat([latent[:, :{dim}] * {psi!r}, latent[:, {dim}:]], 1)  # truncation"]
            if psi != 1
            else []
        )
        lines.append("    out = G(latent)")
    return "\n".join(lines)


def _points(data: PointSet) -> str:
    """As `PointSet.to_units`."""
    origin = f" + torch.tensor({list(data.origin)!r})" if any(data.origin) else ""
    return f"x, y = (out.float().cpu() * {data.scale!r}{origin})[0].tolist()  # in data units\nprint(x, y)\n"
