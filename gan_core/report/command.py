"""`gan-playground report`: a run, or several compared, as one HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gan_core.errors import RunError, reason_of
from gan_core.text import N_


def add_report(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("run_dirs", metavar="DIR", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the page, e.g. report.html")
    parser.add_argument(
        "--link", default="", metavar="ADDRESS", help="address of a lab, for a link that opens the settings there"
    )
    parser.set_defaults(run=report)


def report(o: argparse.Namespace) -> int:
    """Write the page. Raises PlaygroundError."""
    from gan_core.comparison.entries import Compared, entries
    from gan_core.report import comparison, run
    from gan_core.runs import atomic
    from gan_core.runs.folder import RunFolder
    from gan_core.speech import Speech

    runs = [Compared.read(path.resolve().name, RunFolder(path)) for path in dict.fromkeys(o.run_dirs)]
    if len(runs) == 1:
        made = run.report(runs[0], Speech(), o.link)
    else:
        made = comparison.report(entries(runs), Speech(), link=o.link)
    try:
        atomic.write_text(o.out, made)
    except OSError as error:
        raise RunError(N_("{path} cannot be written: {reason}."), path=o.out, reason=reason_of(error)) from None
    print(f"{o.out}: {o.out.stat().st_size:,} bytes", file=sys.stderr)
    return 0
