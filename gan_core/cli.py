"""`gan-playground`: serve the app (the default), train, sample, evaluate, export, import, list presets, import a table or pictures, run a benchmark."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from gan_core import engine
from gan_core.errors import ConfigError, PlaygroundError, PluginError, RunError, reason_of
from gan_core.export.command import add_export, add_import
from gan_core.pictures.choices import COLOURS, FITS, FOLDERS, SIZES, Choices
from gan_core.pictures.limits import Limits
from gan_core.report.command import add_report
from gan_core.text import N_

_COMMANDS = (
    "serve",
    "presets",
    "train",
    "sample",
    "evaluate",
    "export",
    "import",
    "report",
    "table",
    "pictures",
    "bench",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 after one clear line on stderr about what was wrong with the request."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        arguments.insert(0, "serve")
    options = _parser().parse_args(arguments)
    try:
        if paths := getattr(options, "plugin", None):
            _load_plugins(options, paths)
        return int(options.run(options) or 0)
    except PlaygroundError as error:
        print(f"gan-playground: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gan-playground: interrupted", file=sys.stderr)
        return 130


def _load_plugins(o: argparse.Namespace, paths: Sequence[Path]) -> None:
    """A server goes on without one that cannot be loaded, and says so; a command ends. Raises PluginError."""
    from gan_core import plugins

    o.plugin_problems = []
    for path in paths:
        try:
            plugins.load(path)
        except PluginError as error:
            if not hasattr(o, "no_browser"):
                raise
            print(f"gan-playground: {error}", file=sys.stderr)
            o.plugin_problems.append(error)


class _Parser(argparse.ArgumentParser):
    """argparse with one line instead of the whole usage for a wrong word."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. Try '{self.prog} --help'.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("gan-playground", description="Train a GAN in the browser or here, and look at what it learned.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(commands.add_parser("serve", help="start the app (the default)"))
    presets = commands.add_parser("presets", help="list the built-in presets")
    presets.add_argument("--json", action="store_true", help="as one JSON object")
    presets.set_defaults(run=_presets)
    _add_train(commands.add_parser("train", help="train a GAN without the browser"))
    _add_sample(commands.add_parser("sample", help="draw samples from a trained run"))
    evaluate = commands.add_parser("evaluate", help="measure a trained run")
    evaluate.add_argument("run_dir", metavar="DIR", type=Path)
    evaluate.add_argument("--features", choices=("classifier", "inception"),
                          help="what pictures are compared by: a small classifier of their set, or the standard Inception network, whose "
                          "weights you put into the cache folder (default: the classifier where the set has classes)")  # fmt: skip
    evaluate.add_argument("--json", action="store_true", help="as one JSON object")
    evaluate.set_defaults(run=_evaluate)
    add_export(
        commands.add_parser(
            "export", help="a run as a script, notebook, samples, metrics, settings, weights, ONNX, film or ZIP"
        ),
        _bounded,
    )
    add_import(commands.add_parser("import", help="take in a run that was exported as a ZIP"))
    add_report(commands.add_parser("report", help="a run, or two to eight compared, as one HTML page"))
    _add_table(commands.add_parser("table", help="import two columns of a CSV file as data"))
    _add_pictures(commands.add_parser("pictures", help="make a data set of pictures, list such sets, delete them"))
    bench = commands.add_parser("bench", help="run a benchmark of the documentation")
    bench.add_argument("name", help="one of the files in benchmarks/, without .py")
    bench.add_argument("--json", action="store_true", help="as one JSON object")
    bench.set_defaults(run=_bench)
    for name in ("serve", "train", "sample", "evaluate", "export", "import", "report", "presets"):
        commands.choices[name].add_argument("--plugin", type=Path, action="append", default=[], metavar="FILE",
                                            help="a Python file that registers losses, penalties, networks or data sets of your own; may be repeated")  # fmt: skip
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=_bounded(int, 1, 65535), default=8501)
    parser.add_argument("--data-dir", type=Path, default=None, help="where runs are kept (default: ~/gan-playground)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    parser.add_argument(
        "--allow-origin", action="append", default=[], metavar="ORIGIN", help="another origin that may connect"
    )
    parser.add_argument("--grace", type=_bounded(float, 1, 1e6), default=600.0, metavar="SECONDS",
                        help="pause a run that nobody has watched for this long (default: 600)")  # fmt: skip
    parser.add_argument(
        "--max-runs", type=_bounded(int, 1, 1000), default=8, help="runs that train at once (default: 8)"
    )
    parser.add_argument("--max-per-owner", type=_bounded(int, 1, 1000), default=4, help="of one browser (default: 4)")
    parser.add_argument("--quota", type=_bounded(float, 0.01, 1e6), default=20.0, metavar="GB",
                        help="what the data folder may hold (default: 20); deleted runs and old history go first")  # fmt: skip
    parser.add_argument("--pictures-most", type=_bounded(int, 20, 1_000_000), default=20_000, metavar="N",
                        help="pictures of one data set that a visitor brings (default: 20000)")  # fmt: skip
    parser.add_argument("--pictures-mb", type=_bounded(int, 1, 100_000), default=2000, metavar="MB",
                        help="what may be brought for it at once (default: 2000)")  # fmt: skip
    parser.add_argument("--pictures-megapixels", type=_bounded(float, 0.01, 1000), default=40.0, metavar="MP",
                        help="of one picture (default: 40)")  # fmt: skip
    parser.add_argument("--pictures-minutes", type=_bounded(float, 0.1, 10_000), default=60.0, metavar="M",
                        help="how long one import may take; what it has read by then is kept (default: 60)")  # fmt: skip
    parser.add_argument("--pictures-folder", type=_folder, default=None, metavar="DIR",
                        help="visitors may make data sets of what lies below this folder of the server (default: none)")  # fmt: skip
    parser.add_argument("--engine", choices=engine.NAMES, default=None,
                        help="auto: runs start at once and change to a compiled step; eager: nothing is compiled; compiled: runs wait "
                        "for it (default: auto)")  # fmt: skip
    parser.add_argument(
        "--tensorboard", action="store_true", help="write files for TensorBoard of every run, into its folder"
    )
    parser.set_defaults(run=_serve)


def _add_train(parser: argparse.ArgumentParser) -> None:
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--preset", help="see 'gan-playground presets'")
    parser.add_argument("--version", type=_bounded(int, 1, 100), metavar="N",
                        help="of a preset that compares: which of its runs (default: 1, the first)")  # fmt: skip
    start.add_argument("--config", type=Path, metavar="FILE", help="a config.toml")
    start.add_argument("--resume", type=Path, metavar="DIR", help="go on with the run in this folder")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="e.g. generator.hidden=16,16")
    parser.add_argument("--steps", type=_bounded(int, 1, 10**12), help="stop at this step (in total)")
    parser.add_argument("--seconds", type=_bounded(float, 0.001, 1e9), help="stop after this much training")
    parser.add_argument("--device", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", help=", ".join(engine.NAMES))
    parser.add_argument("--seed", help="a whole number")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's folder, new or empty (default: under the data folder)"
    )
    parser.add_argument("--data-dir", type=Path, default=None, help="where runs are kept (default: ~/gan-playground)")
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="write files for TensorBoard into the run's folder, now and when it goes on",
    )
    parser.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    parser.set_defaults(run=_train)


def _add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="DIR", type=Path)
    parser.add_argument("--n", type=_bounded(int, 1, 10_000_000), default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=_bounded(int, 0, 2**63 - 1), default=0)
    parser.add_argument("--truncation", type=_bounded(float, 0, 1.5), metavar="PSI",
                        help="of a style-based generator: 1 leaves its styles, 0 draws the mean picture (default: as the run's settings say)")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    parser.set_defaults(run=_sample)


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="text with commas, semicolons, tabs or spaces between columns"
    )
    parser.add_argument("--x", metavar="COLUMN", help="name or number of a column (default: the first with numbers)")
    parser.add_argument("--y", metavar="COLUMN", help="of another one (default: the next with numbers)")
    parser.add_argument("--data-dir", type=Path, default=None, help="where it is kept (default: ~/gan-playground)")
    parser.set_defaults(run=_table)


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make a data set of pictures, folders, ZIP or TAR archives")
    add.add_argument(
        "files", metavar="FILE", type=Path, nargs="+", help="folders inside, or several folders, become classes"
    )
    add.add_argument("--name", help="what the set is called (default: as the first file or folder)")
    add.add_argument("--size", type=int, choices=SIZES, default=Choices.size, help="side in pixels (default: 64)")
    add.add_argument(
        "--fit",
        choices=tuple(FITS),
        default=Choices.fit,
        help=f"of a picture that is no square (default: crop). {_words(FITS)}",
    )
    add.add_argument(
        "--colour", choices=tuple(COLOURS), default=Choices.colour, help=f"(default: auto). {_words(COLOURS)}"
    )
    add.add_argument(
        "--folders",
        choices=tuple(FOLDERS),
        default=Choices.folders,
        help=f"what folders mean; of all but classes a set to translate with is made (default: classes). {_words(FOLDERS)}",
    )
    add.add_argument("--most", type=_bounded(int, 20, 1_000_000), default=Limits.pictures, metavar="N",
                     help="pictures at most (default: 20000)")  # fmt: skip
    add.add_argument("--megapixels", type=_bounded(float, 0.01, 1000), default=Limits.megapixels, metavar="MP",
                     help="of one picture at most (default: 40)")  # fmt: skip
    add.add_argument("--minutes", type=_bounded(float, 0.1, 10_000), default=Limits.minutes, metavar="M",
                     help="how long it may take; what it has read by then is kept (default: 60)")  # fmt: skip
    add.set_defaults(run=_add_set)
    listed = actions.add_parser("list", help="the sets that there are, those of visitors included")
    listed.set_defaults(run=_list_sets)
    delete = actions.add_parser("delete", help="delete a set for good")
    delete.add_argument("set", metavar="SET", help="its name or its id")
    delete.add_argument("--of-visitors", action="store_true", help="also one that was made in a browser")
    delete.set_defaults(run=_delete_set)
    for each in (add, listed, delete):
        each.add_argument("--data-dir", type=Path, default=None, help="where sets are kept (default: ~/gan-playground)")
    for each in (add, listed):
        each.add_argument("--json", action="store_true", help="as one JSON object")


def _words(texts: Mapping[str, str]) -> str:
    """Choices with what they mean, for the help of an option."""
    return "; ".join(f"{code}: {text.lower()}" for code, text in texts.items())


def _bounded(kind: type[int] | type[float], low: float, high: float) -> Any:
    def parse(text: str) -> float:
        try:
            value = kind(text)
            if not low <= value <= high:
                raise ValueError(text)
        except (ValueError, OverflowError):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {low:g} to {high:g}") from None
        return value

    return parse


# ── commands: torch is imported only by those that need it ───────────────────────────────────────────────────────────────


def app_home() -> Path:
    """The folder with app.py, pages/ and benchmarks/: the project's in a checkout, the package gan_playground's in a wheel."""
    site = Path(__file__).resolve().parent.parent
    for home in (site, site / "gan_playground"):
        if (home / "app.py").is_file() and (home / "pages" / "_shell.py").is_file():
            return home
    raise RunError(N_("The app's files are missing beside gan_core: install gan-playground again."))


def _from_home(module: str) -> Any:
    sys.path.insert(0, str(app_home()))  # before any other folder that has a package called pages
    return importlib.import_module(module)


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder here. Name one that is there")
    return path.resolve()


def _serve(o: argparse.Namespace) -> int:
    if o.tensorboard:
        from gan_core.runs import event_file

        event_file.require()
    server = _from_home("pages._ui.server")
    taken = Limits(
        pictures=o.pictures_most,
        upload=o.pictures_mb * 10**6,
        megapixels=o.pictures_megapixels,
        minutes=o.pictures_minutes,
    )
    return int(server.serve(server.ServeOptions(
        host=o.host, port=o.port, data_dir=o.data_dir, browser=not o.no_browser, allow_origin=tuple(o.allow_origin),
        grace_seconds=o.grace, max_runs=o.max_runs, max_per_owner=o.max_per_owner,
        quota_gb=o.quota, engine=engine.default(o.engine), picture_limits=taken, pictures_folder=o.pictures_folder,
        plugin_problems=tuple(getattr(o, "plugin_problems", ())), tensorboard=o.tensorboard,
    )))  # fmt: skip


def _presets(o: argparse.Namespace) -> int:
    from gan_core import presets, registry, serial

    entries = registry.preset.entries()
    if o.json:
        print(json.dumps({
            e.name: {"title": e.title, "help": e.help, "see": e.info["see"], "try": _plain(e.info["try_this"]),
                     "config": serial.to_dict(presets.load(e.name)),
                     "versions": [serial.to_dict(config) for config in presets.versions(e.name)]}
            for e in entries
        }))  # fmt: skip
        return 0
    for entry in entries:
        print(f"{entry.name:13} {entry.title}. {entry.help}")
        print(f"{'':13} What to see: {entry.info['see']}")
        print(f"{'':13} Try this: {_plain(entry.info['try_this'])}")
        for number, changes in enumerate(entry.info.get("versions", ()), 1):
            print(f"{'':13} --version {number}: " + ", ".join(f"{name}={value}" for name, value in changes.items()))
    return 0


def _plain(text: str) -> str:
    """Without the marks around what is on screen."""
    return text.replace("**", "")


def _train(o: argparse.Namespace) -> int:
    from gan_core import config as settings
    from gan_core.runs import event_file, headless

    if o.tensorboard:
        event_file.require()
    changes = _assignments(o.set) | {
        k: v for k, v in (("device", o.device), ("engine", o.engine), ("seed", o.seed)) if v is not None
    }
    if o.resume is not None:
        if o.out is not None or changes or o.version is not None:
            raise ConfigError(N_("--resume goes on with the run as it is: --set, --seed, --version, --device, --engine and --out belong "
                                 "to a new run."))  # fmt: skip
        session = headless.resume(o.resume, o.data_dir)
    else:
        config = settings.replace(_base_config(o), changes)
        headless.check_end(config, o.steps, o.seconds)
        session = headless.start(config, o.out, o.data_dir)
    if o.tensorboard:
        session.write_events(True)
    result = headless.train(session, steps=o.steps, seconds=o.seconds)
    if session.board is not None and session.board.is_on:
        print(session.board.note or session.board.folder.command, file=sys.stderr)
    if o.json:
        print(json.dumps(result))
    else:
        print(headless.describe(result))
    return 0 if session.status != "failed" else 1


def _base_config(o: argparse.Namespace) -> Any:
    from gan_core import presets, serial

    if o.preset is None and o.version is not None:
        raise ConfigError(N_("--version chooses among the runs of a preset: it needs --preset."))
    if o.preset is not None:
        found = presets.versions(o.preset)
        if o.version is not None and o.version > len(found):
            raise ConfigError(N_("--version {version} does not exist: the preset {preset} has {count}. Allowed: 1 to {count}."),
                              version=o.version, preset=o.preset, count=len(found))  # fmt: skip
        return found[(o.version or 1) - 1]
    try:
        return serial.from_toml(o.config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(N_("{path} cannot be read: {reason}."), path=o.config, reason=error) from None


def _assignments(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(N_("--set needs FIELD=VALUE, not {text}."), text=repr(text))
        pairs[name.strip()] = value
    return pairs


def _sample(o: argparse.Namespace) -> int:
    import numpy as np

    from gan_core import generate
    from gan_core.runs.folder import RunFolder

    samples = generate.load(RunFolder(o.run_dir)).sample(o.n, o.seed, truncation=o.truncation).numpy()
    try:
        with o.out.open("wb") as file:
            np.savez_compressed(file, samples=samples)
    except OSError as error:
        raise RunError(N_("{path} cannot be written: {reason}."), path=o.out, reason=reason_of(error)) from None
    print(f"{o.out}: {samples.shape[0]} samples of shape {samples.shape[1:]}", file=sys.stderr)
    return 0


def _evaluate(o: argparse.Namespace) -> int:
    from gan_core.runs import headless

    result = headless.evaluate(o.run_dir, o.features)
    print(json.dumps(result) if o.json else headless.describe_evaluation(result))
    return 0


def _table(o: argparse.Namespace) -> int:
    from gan_core.data import csv_text, table
    from gan_core.runs.store import Store, data_dir

    try:
        with o.file.open("rb") as file:
            raw = file.read(csv_text.MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(N_("{path} cannot be read: {reason}."), path=o.file, reason=reason_of(error)) from None
    sheet = csv_text.read(raw)
    x = sheet.column(o.x) if o.x else sheet.numeric[0]
    y = sheet.column(o.y) if o.y else next(i for i in sheet.numeric if i != x)
    found = csv_text.columns(sheet, x, y)
    name = table.keep(found.points, (sheet.names[x], sheet.names[y]), Store(data_dir(o.data_dir)).root)
    print(f"{sheet.names[x]} × {sheet.names[y]}: {len(found.points)} rows, {found.skipped} skipped", file=sys.stderr)
    for line, text in found.examples:
        print(f"  line {line}: {text}", file=sys.stderr)
    print(f"data.table={name}")
    return 0


def _picture_sets(o: argparse.Namespace) -> Any:
    from gan_core.pictures.store import PictureSets
    from gan_core.runs.store import Store, data_dir

    return PictureSets(Store(data_dir(o.data_dir)).root)


def _add_set(o: argparse.Namespace) -> int:
    from gan_core.pictures import command

    sets, limits = _picture_sets(o), Limits(pictures=o.most, megapixels=o.megapixels, minutes=o.minutes)
    made = command.bring(o.files, Choices(o.size, o.fit, o.colour, o.folders), o.name, sets, limits)
    counts, learned, translates = sets.class_counts(made), sets.learned(made), o.folders != "classes"
    train = command.train_words(made, min(learned) if translates else sum(learned), translates=translates)
    if o.json:
        print(json.dumps(command.as_json(made, counts) | {"train": train}))
        return 0
    print(command.told(made, counts), file=sys.stderr)
    print(f"To train on it: {train}", file=sys.stderr)
    print(f"data.pictures={made.id}")
    return 0


def _list_sets(o: argparse.Namespace) -> int:
    from gan_core.pictures import command

    sets = _picture_sets(o)
    every, damaged = sets.every(), sets.ids_of_damaged()
    if o.json:
        print(json.dumps({"sets": [command.as_json(one, sets.class_counts(one)) for one in every], "damaged": damaged}))
        return 0
    for one in every:
        print(command.line(one))
    for set_id in damaged:
        print(f"{set_id}  damaged: delete it, and import the same files again")
    if not every and not damaged:
        print("There are no sets of pictures here.", file=sys.stderr)
    return 0


def _delete_set(o: argparse.Namespace) -> int:
    from gan_core.pictures import command

    gone = command.delete(_picture_sets(o), o.set, of_visitors=o.of_visitors)
    print(f"{gone}: deleted", file=sys.stderr)
    return 0


def _bench(o: argparse.Namespace) -> int:
    names = sorted(
        p.stem for p in (app_home() / "benchmarks").glob("*.py") if not p.stem.startswith("_") and p.stem != "baselines"
    )
    if o.name not in names:
        raise ConfigError(
            N_("There is no benchmark called {name}. Choose one of: {allowed}."),
            name=repr(o.name),
            allowed=", ".join(names),
        )
    result = _from_home(f"benchmarks.{o.name}").run()
    print(json.dumps(result) if o.json else json.dumps(result, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
