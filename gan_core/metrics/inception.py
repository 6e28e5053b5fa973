"""The standard Inception network of FID and KID, from weights that somebody put into the cache folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d
from torchvision.models import inception as standard

from gan_core import device as devices
from gan_core.data.download import cache_dir
from gan_core.errors import DataError
from gan_core.metrics import eyes
from gan_core.text import N_

WIDTH, CLASSES, SIDE = 2048, 1008, 299
_BATCH = 50
_MISSING = N_(
    "The standard Inception features need the network's weights as {path}. They are not part of this project: "
    "docs/adding.md says how to make that file from the well-known weights. Without them, use the features of the classifier."
)
_DAMAGED = N_(
    "{path} does not hold the weights of the FID Inception network ({reason}). Make it anew, as docs/adding.md says."
)


class _A(standard.InceptionA):  # type: ignore[misc]
    """The block with an average that does not count the padding, as in TensorFlow."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return _with_pool(super()._forward(x), self.branch_pool(_average(x)))


class _C(standard.InceptionC):  # type: ignore[misc]
    """As `_A`."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return _with_pool(super()._forward(x), self.branch_pool(_average(x)))


class _E(standard.InceptionE):  # type: ignore[misc]
    """As `_A`; the last block, of 2,048 channels, takes the maximum instead, as the network of 2015 does."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        pooled = max_pool2d(x, 3, 1, 1) if x.shape[1] == WIDTH else _average(x)
        return _with_pool(super()._forward(x), self.branch_pool(pooled))


def _average(x: Tensor) -> Tensor:
    """The mean of 3 × 3 neighbours, at the edges of those that there are."""
    return avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _with_pool(branches: list[Tensor], pooled: Tensor) -> list[Tensor]:
    """The branches of a block with another last one, that of the pooling."""
    return [*branches[:-1], pooled]


def build() -> nn.Module:
    """Szegedy et al. 2015, arXiv:1512.00567, as ported for the FID: 1,008 classes, pooling as above; without memory for weights."""
    blocks = [standard.BasicConv2d, _A, standard.InceptionB, _C, standard.InceptionD, _E, standard.InceptionAux]
    with torch.device("meta"):
        network: nn.Module = standard.Inception3(CLASSES, aux_logits=False, inception_blocks=blocks, init_weights=False)
    return network


@dataclass(frozen=True)
class Inception:
    """The network as Features: 2,048 values a picture, those that FID and KID are measured by. Samples are not rounded to 8 bits first."""

    network: nn.Module
    device: torch.device
    name = eyes.INCEPTION
    width = WIDTH
    is_inception = True

    @property
    def block(self) -> int:
        return 4 if self.device.type == "cpu" else 100

    @property
    def description(self) -> str:
        return eyes.INCEPTION_IN_FULL.format(width=WIDTH)

    @cached_property
    def key(self) -> str:
        """Of the last layer, which two different sets of weights do not share."""
        return "inception-" + hashlib.sha256(self._head.detach().cpu().numpy().tobytes()).hexdigest()[:16]

    @torch.no_grad()
    def of(self, images: Tensor) -> Tensor:
        """(N, 1 or 3, H, W) in [−1, 1] -> (N, 2048). Grey is shown as equal red, green and blue."""
        body = nn.Sequential(*list(self.network.children())[:-2], nn.Flatten())  # all but dropout and logits
        return torch.cat([body(_enlarged(part.to(self.device))).float().cpu() for part in torch.split(images, _BATCH)])

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        """(N, 1008). Without the bias of the last layer, as the score was first computed (Salimans et al. 2016)."""
        return (features.to(self.device) @ self._head.T).softmax(1).cpu()

    @property
    def _head(self) -> Tensor:
        weight: Tensor = self.network.get_submodule("fc").weight  # type: ignore[assignment]
        return weight


def _enlarged(images: Tensor) -> Tensor:
    """(N, 1 or 3, H, W) -> (N, 3, 299, 299), bilinear, not antialiased, as the FID's ports do."""
    return interpolate(images.expand(-1, 3, -1, -1), (SIDE, SIDE), mode="bilinear", align_corners=False)


def weights_path() -> Path:
    """Where the weights are looked for."""
    return cache_dir() / "inception" / "fid-inception.safetensors"


def check_weights() -> None:
    """Raise DataError, which says what to do, where there are none."""
    if not weights_path().exists():
        raise DataError(_MISSING, path=weights_path())


def load_inception(device: str = "auto") -> Inception:
    """The network from `weights_path`. Raises DataError, which says what to do, when it is not there or is something else."""
    check_weights()
    path, network = weights_path(), build()
    try:
        network.load_state_dict(_complete(load_file(path), network), assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise DataError(_DAMAGED, path=path, reason=str(error).splitlines()[0]) from None
    where = devices.resolve(device)
    return Inception(network.to(where).eval().requires_grad_(False), where)


def _complete(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Without the auxiliary classifier, which some files hold; with the counters of batch normalisation, which some lack."""
    counters = {name: torch.tensor(0) for name in network.state_dict() if name.endswith("num_batches_tracked")}
    return counters | {name: tensor for name, tensor in weights.items() if not name.startswith("AuxLogits.")}
