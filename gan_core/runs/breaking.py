"""What is said of a run that went wrong."""

from __future__ import annotations

from typing import Any

from gan_core import device as devices
from gan_core import plugins
from gan_core.config import RunConfig
from gan_core.diagnosis import treatments
from gan_core.text import N_

BLEW_UP = N_("The losses stopped being numbers near step {step}: the game blew up. Back at step {good}, the last good state. "
             "Lower the learning rates or add a penalty, then resume.")  # fmt: skip
OUT_OF_MEMORY = N_("The {device} ran out of memory at step {step}. The run is kept at step {good}. Set the batch size (batch_size) to {batch}, or "
                   "keep it at {now} and split it into {parts} parts (accumulation); then resume.")  # fmt: skip
ONLY_SMALLER = N_("The {device} ran out of memory at step {step}. The run is kept at step {good}. Set the batch size (batch_size) to {batch}, then "
                  "resume.")  # fmt: skip
NO_SMALLER = N_("The {device} ran out of memory at step {step}. The run is kept at step {good}. A batch of {now} cannot be made smaller here: start "
                "a new run with narrower networks (generator.width, discriminator.width) or smaller pictures (data.image_size).")  # fmt: skip
NO_ROOM = N_("The {device} has too little memory for the data and the networks of this run; what was saved of it is kept. Resume it when other runs "
             "have ended, or start a new one on another device (device=cpu), with smaller pictures (data.image_size) or narrower networks.")  # fmt: skip
BROKE = N_("The run stopped at step {step} because of an error in the program ({error}). It is kept at step {good}.")
OF_PLUGIN = N_("The run stopped at step {step} because of an error in the plugin {file}, line {line}: {error}. It is kept at step {good}. Mend the file, and "
               "start the server again.")  # fmt: skip
NOT_SAVED = N_("The run could not be saved ({reason}), so it was paused. Free some space, then resume.")
NO_ROOM_TO_SAVE = N_(
    "The run could not be saved, because this computer ran out of memory, so it was paused. End other programs or runs, then resume."
)
SENTENCES = (BLEW_UP, OUT_OF_MEMORY, ONLY_SMALLER, NO_SMALLER, NO_ROOM, BROKE, OF_PLUGIN, NOT_SAVED, NO_ROOM_TO_SAVE)
DEVICES = {"cpu": "CPU", "cuda": "GPU", "mps": "Apple GPU"}


def of_error(
    error: Exception, step: int, device: str, config: RunConfig, fitting: int | None
) -> tuple[str, dict[str, Any]]:
    """The sentence for an exception at `step`, and its parameters but for `good`, the step that is gone back to. fitting: the batch size
    that would fit, where memory was what it lacked."""
    if (found := plugins.blamed(error)) is not None:
        return OF_PLUGIN, {
            "step": step,
            "file": found.params.get("file", ""),
            "line": found.params.get("line", 0),
            "error": found.params.get("error", ""),
        }
    if not devices.is_out_of_memory(error):
        return BROKE, {"step": step, "error": type(error).__name__}
    said: dict[str, Any] = {"step": step, "device": DEVICES[device], "now": config.batch_size}
    if fitting is None:
        return NO_SMALLER, said
    said |= {"batch": fitting}
    parts = treatments.parts_for(config, fitting)
    return (OUT_OF_MEMORY, said | {"parts": parts}) if parts else (ONLY_SMALLER, said)


def of_saving(error: Exception) -> tuple[str, dict[str, Any]]:
    """The sentence for what kept a run from being saved, and its parameters."""
    if devices.is_out_of_memory(error):
        return NO_ROOM_TO_SAVE, {}
    return NOT_SAVED, {"reason": getattr(error, "strerror", None) or str(error)}
