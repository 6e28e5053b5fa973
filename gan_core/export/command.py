"""`gan-playground export` and `gan-playground import`. torch is imported only when one of them runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_core.errors import ConfigError, RunError, reason_of
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.runs.folder import RunFolder

Number = Callable[[type, float, float], Any]
BESIDE = N_("This {what} reads {files} from its own folder: name a .zip file, which will hold both.")


def add_export(parser: argparse.ArgumentParser, bounded: Number) -> None:
    """The options of `export`."""
    parser.add_argument("run_dir", metavar="DIR", type=Path)
    parser.add_argument(
        "--what", choices=tuple(_WRITERS), required=True, help="; ".join(f"{name}: {said}" for name, (said, _) in _WRITERS.items())
    )  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE",
                        help="of a film, .mp4, .gif or .webp; a script or notebook with data beside it is a .zip")  # fmt: skip
    parser.add_argument("--n", type=bounded(int, 1, 100_000), default=1000, help="how many samples (default: 1000)")
    parser.add_argument("--seed", type=bounded(int, 0, 2**63 - 1), default=0, help="of the samples")
    parser.add_argument("--step", type=bounded(int, 0, 10**12), help="of samples, weights and ONNX: a kept step (default: the last)")  # fmt: skip
    parser.add_argument("--live", action="store_true", help="samples or ONNX of the generator that trains, not of the averaged one")  # fmt: skip
    parser.add_argument("--back", action="store_true", help="ONNX of CycleGAN's way back")
    parser.add_argument("--without-pictures", action="store_true", help="a zip without the imported pictures that the run learns")  # fmt: skip
    parser.add_argument("--data-dir", type=Path, default=None, help="where imported pictures are kept (default: ~/gan-playground)")  # fmt: skip
    parser.add_argument("--seconds", type=bounded(float, 0.1, 1000), default=10.0, help="how long the film is (default: 10)")  # fmt: skip
    parser.add_argument("--size", type=bounded(int, 1, 10_000), default=480, help="pixels of the film's side (default: 480)")  # fmt: skip
    parser.set_defaults(run=_export)


def add_import(parser: argparse.ArgumentParser) -> None:
    """The options of `import`."""
    parser.add_argument(
        "file", metavar="FILE.zip", type=Path, help="what 'export --what zip' or \"Whole run\" in the app gave"
    )
    parser.add_argument("--data-dir", type=Path, default=None, help="where runs are kept (default: ~/gan-playground)")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(run=_import)


def _export(o: argparse.Namespace) -> int:
    from gan_core.runs.folder import RunFolder

    folder = RunFolder(o.run_dir)
    folder.facts()  # says so where there is no run
    try:
        _WRITERS[o.what][1](folder, o)
    except OSError as error:
        raise RunError(N_("{path} cannot be written: {reason}."), path=o.out, reason=reason_of(error)) from None
    print(f"{o.out}: {o.out.stat().st_size:,} bytes", file=sys.stderr)
    return 0


def _import(o: argparse.Namespace) -> int:
    from gan_core.parcels.unpacking import take_in
    from gan_core.runs.store import Store, data_dir

    store = Store(data_dir(o.data_dir))
    try:
        run_id = take_in(o.file, o.file.name, store, "")
    except FileNotFoundError as error:
        raise ConfigError(N_("{path} cannot be read: {reason}."), path=o.file, reason=reason_of(error)) from None
    finally:
        store.close()
    folder = store.root / "runs" / run_id
    print(json.dumps({"run": str(folder)}) if o.json else str(folder))
    print(f"To train on: gan-playground train --resume {folder} --steps N", file=sys.stderr)
    return 0


# ── what can be written ──────────────────────────────────────────────────────────────────────────────────────────────────


def _script(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export.run import run_script

    made = run_script(folder)
    _with_files(o, made.text, made.files, made.zipped, "script", "run.py")


def _notebook(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export import notebook

    made = notebook.run_notebook(folder)
    _with_files(o, made.text, made.files, made.zipped, "notebook", notebook.NAME)


def _with_files(
    o: argparse.Namespace, text: str, files: Any, zipped: Callable[[str], bytes], what: str, name: str
) -> None:
    from gan_core.runs import atomic

    if files and o.out.suffix != ".zip":
        raise ConfigError(BESIDE, what=what, files=", ".join(files))
    atomic.write_bytes(o.out, zipped(name) if o.out.suffix == ".zip" else text.encode())


def _samples(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export import run
    from gan_core.runs import atomic

    atomic.write_bytes(o.out, run.samples(folder, run.SamplesPlan(o.n, o.seed, not o.live, o.step)).data)


def _metrics(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export import run
    from gan_core.runs import atomic

    atomic.write_bytes(o.out, run.metrics(folder))


def _config(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export import run
    from gan_core.runs import atomic

    atomic.write_bytes(o.out, run.config(folder).encode())


def _weights(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export.weights import weights
    from gan_core.runs import atomic

    atomic.write_bytes(o.out, weights(folder, o.step).data)


def _onnx(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export.onnx_file import OnnxPlan, write

    made = write(folder, OnnxPlan(not o.live, o.step, o.back), o.out)
    print(
        f"onnxruntime draws the same as PyTorch: {made.samples} samples differ by {made.difference:.2g} at most",
        file=sys.stderr,
    )
    for name, said in (*made.inputs.items(), ("samples", made.output)):
        print(f"{name}: {said}", file=sys.stderr)


def _film(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.export.film import FilmPlan, make

    make(folder, FilmPlan(o.out.suffix.lstrip(".").lower() or "mp4", o.seconds, o.size), o.out)


def _zip(folder: RunFolder, o: argparse.Namespace) -> None:
    from gan_core.parcels.packing import pack
    from gan_core.runs.store import Store, data_dir

    config = folder.config()
    folder.know_table(config)
    store = Store(data_dir(o.data_dir))
    try:
        pack(folder, o.out, store.root, pictures=not o.without_pictures)
    finally:
        store.close()


_WRITERS: dict[str, tuple[str, Callable[[RunFolder, argparse.Namespace], None]]] = {
    "script": ("a PyTorch script that repeats the run", _script), "notebook": ("the same as a Jupyter notebook", _notebook), "samples": ("of the generator", _samples),
    "metrics": ("the curves as CSV", _metrics), "config": ("the settings as TOML", _config), "weights": ("of all players, as safetensors", _weights),
    "onnx": ("the generator, checked with onnxruntime", _onnx), "film": ("of the run's past", _film), "zip": ("the whole run, for 'import' on another server", _zip),
}  # fmt: skip
