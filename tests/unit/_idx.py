"""Files in LeCun's format, written here: random pictures and labels under MNIST's names."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

TRAIN, TEST = 12, 5
IDX: dict[str, tuple[int, ...]] = {
    "train-images-idx3-ubyte": (TRAIN, 28, 28),
    "train-labels-idx1-ubyte": (TRAIN,),
    "t10k-images-idx3-ubyte": (TEST, 28, 28),
    "t10k-labels-idx1-ubyte": (TEST,),
}


def idx(array: np.ndarray) -> bytes:
    """LeCun's format: two zero bytes, type 8 (uint8), number of dimensions, dimensions big-endian, bytes."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def arrays(classes: int = 10) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, classes if len(shape) == 1 else 256, shape) for name, shape in IDX.items()}


def write_mnist(root: Path, packed: bool = False, folder: str = "MNIST") -> dict[str, np.ndarray]:
    raw, written = root / folder / "raw", arrays()
    raw.mkdir(parents=True, exist_ok=True)
    for name, array in written.items():
        content = idx(array)
        (raw / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return written
