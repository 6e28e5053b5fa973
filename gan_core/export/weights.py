"""The players of a run at a kept step as a safetensors file, and how to load them without this program.

The file is that of "Save generator" in the Latent Explorer (`latent.models.of_players`), with the generator that trains beside the averaged one;
it can be brought there as a model of one's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ExportError
from gan_core.export import layout, modules
from gan_core.export.literals import Literals
from gan_core.export.sources import Sources
from gan_core.latent.models import of_players
from gan_core.memory import sample_shape
from gan_core.networks import normalises_spectra
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

PLAYERS = {
    "ema": N_("averaged generator"), "generator": N_("live generator"), "discriminator": N_("discriminator"), "encoder": N_("encoder"),
}  # fmt: skip
_RESERVED = ("G", "file", "about", "weights", "player")
NONE = N_("The weights at this step cannot be read. Choose another moment.")


@dataclass(frozen=True)
class Weights:
    """A file; whose weights are in it, as codes of PLAYERS; and the settings that their networks were built with."""

    data: bytes
    step: int
    players: tuple[str, ...]
    config: RunConfig


def weights(folder: RunFolder, step: int | None = None) -> Weights:
    """The players of a run at a kept step, or (None) the last saved one. Raises ExportError, CheckpointError, ConfigError."""
    saved = folder.read_checkpoint() if step is None else folder.read_players(step)
    players = {
        name: saved.state[name] for name in PLAYERS if isinstance(saved.state.get(name), dict) and saved.state[name]
    }
    if "ema" not in players:
        raise CheckpointError(NONE)
    at, config = int(saved.state["step"]), serial.from_dict(saved.config)
    return Weights(of_players(players | {"step": at}, serial.to_dict(config)), at, tuple(players), config)


def loading(file: str) -> str:
    """A few lines of Python that read such a file."""
    return f'''import json
from safetensors import safe_open

with safe_open("{file}", framework="pt") as file:
    about = json.loads(file.metadata()["gan-playground"])  # about["config"]: all settings
    weights = {{name: file.get_tensor(name) for name in file.keys()}}
ema = {{name[4:]: w for name, w in weights.items() if name.startswith("ema/")}}
# G.load_state_dict(ema)   with "discriminator/" likewise'''


_HEAD = '''"""The generator of a run of GAN Playground with its weights, as plain PyTorch.

    pip install torch safetensors
    python THIS_FILE {file}
"""

from __future__ import annotations
'''
_SPECTRAL = """for layer in [m for m in G.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]:
    spectral_norm(layer)
"""
_END = """player = sys.argv[2] if len(sys.argv) > 2 else "ema"  # "ema": averaged, "generator": live
with safe_open(sys.argv[1], framework="pt") as file:
    weights = {{name[len(player) + 1 :]: file.get_tensor(name) for name in file.keys() if name.startswith(f"{{player}}/")}}
G.load_state_dict(weights)
G.eval()
with torch.no_grad():
    print(G({given}).shape)
"""


def network(config: RunConfig, file: str) -> str:
    """A Python file with the generator as plain code, which loads its weights from `file`. Raises ExportError for a network whose code cannot
    stand alone."""
    if config.translates:
        raise ExportError(N_("The networks of a translation cannot be written as code of their own yet."))
    literals = Literals()
    sources = Sources(literals, _RESERVED)
    for module in ("sys", "torch"):
        sources.need(module)
    sources.need("torch", "nn", "Tensor")
    made = modules.network("generator", config, sample_shape(config), sources, filled=True)
    if literals.files:
        raise ExportError(N_("This network is too large to be written as a short script."))
    body = [sources.flush(), f"G = {made}"]
    if normalises_spectra(config.generator):
        sources.need("torch.nn.utils.parametrizations", "spectral_norm")
        body.append(_SPECTRAL)
    body.append(_END.format(given=f"torch.zeros(1, {config.latent.dim + config.classes + config.codes})"))
    standard, _, ours = sources.imports().rpartition("\n\n")
    imports = "\n".join(
        sorted(["from safetensors import safe_open", *ours.splitlines()], key=lambda line: line.startswith("from"))
    )
    return layout.spaced("\n\n".join([_HEAD.format(file=file), standard, imports, *body]))
