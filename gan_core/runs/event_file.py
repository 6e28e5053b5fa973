"""TensorBoard's event files, packed with TensorBoard's own library. It is imported here only, when somebody wants such files; TensorFlow never is.

pack = Pack()
pack.scalars(100, time.time(), {"loss/d_loss": 1.38})
append(path, pack.data)             # whole records or nothing
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_core.errors import RunError
from gan_core.text import N_

INSTALL = "pip install -e '.[tensorboard]'"
NOT_INSTALLED = N_("TensorBoard is not installed here, so no event files can be written. Install it with: {command}")
BINS = 64
MOST_VALUES = 1 << 15  # of a histogram: of more, evenly spaced ones are counted
VERSION = "brain.Event:2"  # of files in which a start says which steps before it no longer count


def require() -> None:
    """Raise RunError, saying what to install, where TensorBoard is missing."""
    try:
        importlib.import_module("tensorboard.summary.writer.record_writer")
        importlib.import_module("tensorboard.plugins.hparams.metadata")
    except ImportError:
        raise RunError(NOT_INSTALLED, command=INSTALL) from None


class Pack:
    """Events in the order in which they are added, as bytes for the end of an event file. `wall`: seconds since 1970."""

    def __init__(self) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event, self._summary = event_pb2, summary_pb2.Summary
        self._buffer = io.BytesIO()
        self._records = RecordWriter(self._buffer)

    @property
    def data(self) -> bytes:
        """Everything so far."""
        return self._buffer.getvalue()

    def start(self, step: int, wall: float) -> None:
        """What a file begins with: what earlier files say of `step` and later steps does not count."""
        log = self._event.SessionLog(status=self._event.SessionLog.START)
        self._add(self._event.Event(wall_time=wall, step=step, file_version=VERSION))
        self._add(self._event.Event(wall_time=wall, step=step, session_log=log))

    def scalars(self, step: int, wall: float, values: Mapping[str, float]) -> None:
        """Numbers of one step by tag, kept as float32."""
        if values:
            self._values(step, wall, [self._summary.Value(tag=t, simple_value=v) for t, v in values.items()])

    def picture(self, step: int, wall: float, tag: str, picture: Image.Image) -> None:
        """One picture, as PNG."""
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        shown = self._summary.Image(height=picture.height, width=picture.width, colorspace=len(picture.getbands()),
                                    encoded_image_string=buffer.getvalue())  # fmt: skip
        self._values(step, wall, [self._summary.Value(tag=tag, image=shown)])

    def histograms(self, step: int, wall: float, values: Mapping[str, NDArray[Any]]) -> None:
        """How numbers are spread, by tag: BINS bins of one width. What is not finite is left out."""
        found = [(tag, self._histogram(array)) for tag, array in values.items()]
        if shown := [self._summary.Value(tag=tag, histo=histo) for tag, histo in found if histo is not None]:
            self._values(step, wall, shown)

    def _histogram(self, array: NDArray[Any]) -> Any:
        from tensorboard.compat.proto.summary_pb2 import HistogramProto

        numbers = array.reshape(-1)
        numbers = numbers[:: -(-numbers.size // MOST_VALUES) or 1].astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if not numbers.size:
            return None
        counts, edges = np.histogram(numbers, BINS)
        return HistogramProto(min=numbers.min(), max=numbers.max(), num=numbers.size, sum=numbers.sum(),
                              sum_squares=(numbers**2).sum(), bucket_limit=edges[1:].tolist(), bucket=counts.tolist())  # fmt: skip

    def text(self, step: int, wall: float, tag: str, markdown: str) -> None:
        """A text, which is shown as Markdown."""
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING
        from tensorboard.plugins.text.metadata import create_summary_metadata

        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype=DT_STRING, string_val=[markdown.encode()], tensor_shape=shape)
        said = create_summary_metadata(tag, "")
        self._values(step, wall, [self._summary.Value(tag=tag, tensor=tensor, metadata=said)])

    def settings(self, wall: float, values: Mapping[str, bool | float | str]) -> None:
        """Hyper-parameters of the run, for the plugin that compares runs by them; `wall` is when the run began."""
        from google.protobuf.struct_pb2 import Value
        from tensorboard.plugins.hparams import metadata, plugin_data_pb2

        info = plugin_data_pb2.SessionStartInfo(start_time_secs=wall)
        for name, value in values.items():
            kind = (
                "bool_value"
                if isinstance(value, bool)
                else "string_value"
                if isinstance(value, str)
                else "number_value"
            )
            info.hparams[name].CopyFrom(Value(**{kind: value}))
        self._plugin(metadata.SESSION_START_INFO_TAG, plugin_data_pb2.HParamsPluginData(session_start_info=info), wall)

    def end(self, wall: float, *, well: bool) -> None:
        """The run has ended, for the same plugin: as it should, or because something failed."""
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
        info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=wall)
        self._plugin(metadata.SESSION_END_INFO_TAG, plugin_data_pb2.HParamsPluginData(session_end_info=info), wall)

    def _plugin(self, tag: str, content: Any, wall: float) -> None:
        from tensorboard.plugins.hparams import metadata

        said = metadata.create_summary_metadata(content)
        self._values(0, wall, [self._summary.Value(tag=tag, metadata=said, tensor=metadata.NULL_TENSOR)])

    def _values(self, step: int, wall: float, values: list[Any]) -> None:
        self._add(self._event.Event(wall_time=wall, step=step, summary=self._summary(value=values)))

    def _add(self, event: Any) -> None:
        self._records.write(event.SerializeToString())


def append(path: Path, data: bytes) -> None:
    """Add whole records to an event file, which is made where there is none. What the disk did not take as a whole is taken back.
    Raises OSError."""
    with path.open("ab") as file:
        end = file.seek(0, os.SEEK_END)
        try:
            file.write(data)
            file.flush()
        except OSError:
            with contextlib.suppress(OSError):  # what the disk said first is raised
                file.truncate(end)
            raise
