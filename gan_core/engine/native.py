"""Compiled steps as shared libraries, called through torch's stable C interface: nothing of the compiler is imported to run them,
and the interpreter's lock is free while they run."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_core.engine import program
from gan_core.errors import EngineError
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.trainer import Trainer

# Several steps in one call. A model takes its inputs away from the caller, so that each step gets handles of its own.
LOOP = """
#include <stddef.h>
typedef int (*copy_handle)(void *, void **);
typedef int (*run_model)(void *, void **, size_t, void **, size_t, void *, void *);
int run_steps(size_t steps, size_t inputs, void *const *models, const run_model *runs, void *const *const *handles, copy_handle copy) {
  for (size_t step = 0; step < steps; ++step) {
    void *given[inputs];
    for (size_t i = 0; i < inputs; ++i)
      if (copy(handles[step][i], &given[i])) return 1;
    if (runs[step](models[step], given, inputs, NULL, 0, NULL, NULL)) return 2;
  }
  return 0;
}
"""

NO_LIBRARY = N_("This installation of torch has no library that compiled steps could call.")
REFUSED = N_("The compiled step refused a tensor.")
NOT_LOADED = N_("The compiled step could not be loaded ({reason}).")
OTHER_INPUTS = N_("The compiled step takes other tensors than this run has.")
BROKE = N_("The compiled step failed.")
SENTENCES = (NO_LIBRARY, REFUSED, NOT_LOADED, OTHER_INPUTS, BROKE)

_DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.int64: "int64",
    torch.uint8: "uint8",
    torch.bool: "bool",
}


@cache
def _torch() -> ctypes.CDLL:
    folder = Path(torch.__file__).parent / "lib"
    found = next((path for path in folder.iterdir() if path.name.startswith(("libtorch_cpu.", "torch_cpu."))), None)
    if found is None:
        raise EngineError(NO_LIBRARY)
    return ctypes.CDLL(str(found))


def handle(tensor: Tensor) -> ctypes.c_void_p:
    """A handle on the tensor's memory, which has to outlive it; whoever asks for it deletes it."""
    made, size = ctypes.c_void_p(), ctypes.c_int64 * max(1, tensor.dim())
    dtype = getattr(_torch(), f"aoti_torch_dtype_{_DTYPES[tensor.dtype]}")()
    failed = _torch().aoti_torch_create_tensor_from_blob(
        ctypes.c_void_p(tensor.data_ptr()), ctypes.c_int64(tensor.dim()), size(*tensor.shape), size(*tensor.stride()),
        ctypes.c_int64(0), ctypes.c_int32(dtype), ctypes.c_int32(_torch().aoti_torch_device_type_cpu()), ctypes.c_int32(0),
        ctypes.byref(made),
    )  # fmt: skip
    if failed:
        raise EngineError(REFUSED)
    return made


class Model:
    """A compiled program, from the shared library at `path`. Raises EngineError."""

    def __init__(self, path: Path) -> None:
        self._library = _open(path)
        self.model = ctypes.c_void_p()
        if self._library.AOTInductorModelContainerCreateWithDevice(
            ctypes.byref(self.model), ctypes.c_size_t(1), b"cpu", None
        ):
            raise EngineError(NOT_LOADED, reason=path.name)
        self.run = ctypes.cast(self._library.AOTInductorModelContainerRun, ctypes.c_void_p)

    @property
    def inputs(self) -> int:
        """How many tensors it takes."""
        count = ctypes.c_size_t()
        self._library.AOTInductorModelContainerGetNumInputs(self.model, ctypes.byref(count))
        return count.value

    def __del__(self) -> None:
        if self.model:
            self._library.AOTInductorModelContainerDelete(self.model)


class NativeRunner:
    """Steps of compiled programs in a loop of its own library."""

    def __init__(self, loop: Path, models: Mapping[bool, Model]) -> None:
        """`models`: by whether they are with the penalty."""
        self._run = _open(loop).run_steps
        self._copy = ctypes.cast(_torch().aoti_torch_new_tensor_handle, ctypes.c_void_p)
        self._models = models
        self._handles: list[ctypes.c_void_p] = []

    def arm(self, trainer: Trainer, block: program.Inputs) -> None:
        """Get ready for the steps of `trainer`, whose tensors must not move; the inputs of the steps of a call are the rows of
        `block`. Raises EngineError."""
        self._free()
        pictures, tensors = program.state(trainer)
        rest = (*pictures, *tensors.values())
        inputs = [(*(x[i] for x in block.tensors()), *rest) for i in range(len(block.numbers))]
        if any(model.inputs != len(inputs[0]) for model in self._models.values()):
            raise EngineError(OTHER_INPUTS)
        known: dict[int, ctypes.c_void_p] = {}
        for tensor in (tensor for tensors in inputs for tensor in tensors):
            if id(tensor) not in known:
                known[id(tensor)] = handle(tensor)
        rows = [(ctypes.c_void_p * len(row))(*(known[id(tensor)] for tensor in row)) for row in inputs]
        self._handles, self._rows, self._tensors = list(known.values()), rows, [list(row) for row in inputs]
        self._inputs = (ctypes.c_void_p * len(rows))(*(ctypes.addressof(row) for row in rows))

    def run(self, penalised: Sequence[bool]) -> None:
        """Take so many steps, the first with the first row. Raises EngineError."""
        models, array = [self._models[which] for which in penalised], ctypes.c_void_p * len(penalised)
        failed = self._run(
            ctypes.c_size_t(len(models)), ctypes.c_size_t(len(self._rows[0])), array(*(m.model for m in models)),
            array(*(m.run for m in models)), self._inputs, self._copy,
        )  # fmt: skip
        if failed:
            raise EngineError(BROKE)

    def _free(self) -> None:
        for one in self._handles:
            _torch().aoti_torch_delete_tensor_object(one)
        self._handles = []

    def __del__(self) -> None:
        self._free()


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise EngineError(NOT_LOADED, reason=error) from None
