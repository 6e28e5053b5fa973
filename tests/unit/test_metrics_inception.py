"""The FID network: its shape, its pooling by hand, its file. Its weights are random here; what is done with them is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import _tiny
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gan_core.errors import DataError
from gan_core.metrics import inception
from gan_core.metrics.features import get_judges
from gan_core.metrics.inception import Inception, build, load_inception, weights_path

torch.set_num_threads(1)  # one picture at a time only loses by sharing


def filled(module: nn.Module) -> nn.Module:
    """With random weights, and statistics of batch normalisation that change nothing."""
    rng = torch.Generator().manual_seed(0)
    module = module.to_empty(device="cpu").eval().requires_grad_(False)
    for name, tensor in module.state_dict().items():
        if name.endswith(("bn.weight", "running_var")):
            tensor.fill_(1)
        elif tensor.ndim > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=rng)
        else:
            tensor.zero_()
    return module


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder with weights in it."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_CACHE", str(folder))
        weights_path().parent.mkdir()
        weights = {k: v for k, v in filled(build()).state_dict().items() if not k.endswith("num_batches_tracked")}
        save_file(weights | {"AuxLogits.fc.weight": torch.zeros(2, 2)}, weights_path())
        yield folder
    weights_path().unlink(missing_ok=True)


@pytest.fixture(scope="module")
def network(cache: Path) -> Inception:
    return load_inception("cpu")


def test_the_published_size() -> None:
    """torchvision's network without the auxiliary classifier has 23,834,568 parameters for 1,000 classes; each more has 2,049."""
    assert sum(p.numel() for p in build().parameters()) == 23_834_568 + 8 * 2049
    assert all(p.is_meta for p in build().parameters())


def test_features_and_probabilities(network: Inception) -> None:
    """The features are what torchvision's own forward averages at its end; the classes follow from them."""
    pictures = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    averaged: list[Tensor] = []
    hook = network.network.get_submodule("avgpool").register_forward_hook(lambda *call: averaged.append(call[-1]))
    logits = network.network(inception._enlarged(pictures))  # the bias of the last layer is 0 here
    hook.remove()
    features = network.of(pictures)
    assert features.shape == (1, network.width) == (1, 2048)
    assert torch.allclose(features, averaged[0].flatten(1), rtol=1e-4)
    assert features.std() > 0
    probabilities = network.probabilities(features)
    assert probabilities.shape == (1, 1008)
    assert torch.allclose(probabilities, logits.softmax(1), atol=1e-4)
    assert network.is_inception
    assert network.key == load_inception("cpu").key


def test_grey_is_equal_red_green_and_blue() -> None:
    grey = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(inception._enlarged(grey), inception._enlarged(grey.repeat(1, 3, 1, 1)))
    assert inception._enlarged(grey).shape == (2, 3, 299, 299)


def by_hand(x: np.ndarray, of: str) -> np.ndarray:
    """(H, W): mean or maximum of each value and its neighbours, of those that there are."""
    h, w = x.shape
    near = [[x[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2] for j in range(w)] for i in range(h)]
    return np.array([[getattr(np, of)(part) for part in row] for row in near])


@pytest.mark.parametrize(
    ("block", "channels", "of"),
    [(lambda: inception._A(16, 16), 16, "mean"), (lambda: inception._C(192, 8), 192, "mean"),
     (lambda: inception._E(1280), 1280, "mean"), (lambda: inception._E(2048), 2048, "max")],
)  # fmt: skip
def test_pooling_does_not_count_the_padding(block: object, channels: int, of: str) -> None:
    made = filled(block())  # type: ignore[operator]
    pool = made.branch_pool.conv.weight
    pool.zero_()
    pool[:16, :16, 0, 0] = torch.eye(16)  # the branch lets its first channels through as they are
    x = torch.rand(1, channels, 4, 5, generator=torch.Generator().manual_seed(2))
    out = made(x)[0, -len(pool) :]  # the branch of the pooling is the last one
    for channel in range(16):
        expected = by_hand(x[0, channel].double().numpy(), of) / np.sqrt(1 + 0.001)  # ε of the normalisation
        assert out[channel].numpy() == pytest.approx(expected, rel=1e-5)


def test_only_the_pooling_differs_from_torchvision(network: Inception) -> None:
    from torchvision.models.inception import InceptionA

    ours, theirs = filled(inception._A(8, 32)), filled(InceptionA(8, 32))
    x = torch.rand(2, 8, 6, 6, generator=torch.Generator().manual_seed(3))
    a, b = ours(x), theirs(x)
    assert torch.equal(a[:, :-32], b[:, :-32])
    assert torch.allclose(a[:, -32:, 1:-1, 1:-1], b[:, -32:, 1:-1, 1:-1], atol=1e-6)
    assert not torch.allclose(a[:, -32:, 0], b[:, -32:, 0], atol=1e-3)
    names = [type(module).__name__ for name, module in network.network.named_children() if name.startswith("Mixed")]
    assert names == ["_A"] * 3 + ["InceptionB"] + ["_C"] * 4 + ["InceptionD"] + ["_E"] * 2


def test_without_weights_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    with pytest.raises(DataError) as caught:
        get_judges("inception", _tiny.images(8, 1, 10))
    assert str(tmp_path / "inception" / "fid-inception.safetensors") in str(caught.value)
    assert "docs/adding.md" in str(caught.value)
    assert "classifier" in str(caught.value)


@pytest.mark.parametrize("broken", ["no safetensors", "other weights"])
def test_a_file_of_something_else_is_refused(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_CACHE", str(tmp_path))
    weights_path().parent.mkdir()
    if broken == "other weights":
        save_file({"fc.weight": torch.zeros(1000, 2048)}, weights_path())
    else:
        weights_path().write_bytes(b"no safetensors")
    with pytest.raises(DataError, match="does not hold the weights"):
        load_inception("cpu")


def test_the_enlarging_is_bilinear_with_the_edges_between_pixels() -> None:
    """Output pixel i lies at (i + ½) · H/299 − ½ of the input, between its two neighbours; outside, the edge goes on."""
    row: Tensor = torch.tensor([0.0, 1.0, -1.0])
    found = inception._enlarged(row.expand(1, 1, 3, 3))[0, 0, 0].double().numpy()
    at = (np.arange(299) + 0.5) * 3 / 299 - 0.5
    assert found == pytest.approx(np.interp(at, [0, 1, 2], row.numpy()), abs=1e-5)
