"""What is said of a run that went wrong."""

from __future__ import annotations

from typing import Any

from gan_core import device as devices
from gan_core.text import N_

BLEW_UP = N_("The losses stopped being numbers near step {step}: the game blew up. Back at step {good}, the last good state. "
             "Lower the learning rates or add a penalty, then resume.")  # fmt: skip
OUT_OF_MEMORY = N_("The {device} ran out of memory at step {step}. The run is kept at step {good}: try a batch size of {batch} "
                   "(batch_size), or narrower networks.")  # fmt: skip
BROKE = N_("The run stopped at step {step} because of an error in the program ({error}). It is kept at step {good}.")
SENTENCES = (BLEW_UP, OUT_OF_MEMORY, BROKE)


def of_error(error: Exception, step: int, device: str, batch_size: int) -> tuple[str, dict[str, Any]]:
    """The sentence for an exception at `step`, and its parameters but for `good`, the step that is gone back to."""
    if devices.is_out_of_memory(error):
        return OUT_OF_MEMORY, {"step": step, "device": device, "batch": max(2, batch_size // 2)}
    return BROKE, {"step": step, "error": type(error).__name__}
