"""The parts of a report: escaped text in, HTML out. One file, with its charts' script and its pictures inside."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PIL import Image

from gan_core.speech import Speech
from gan_core.text import N_

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDTH = 680  # pixels: a page of A4 with margins
LONG = 30  # lines
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
MADE = N_("Made with GAN Playground on {date}.")

_STYLE = f"""
:root {{ color-scheme: light; }}
body {{ font: 15px/1.5 {_FONT}; color: #23262f; background: #fff; margin: 0; }}
main {{ max-width: {WIDTH}px; margin: 32px auto; padding: 0 16px; }}
h1 {{ font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }}
h2 {{ font-size: 19px; margin: 32px 0 8px; }}
p {{ margin: 6px 0; }}
.note {{ color: #565c69; font-size: 13px; }}
table {{ border-collapse: collapse; font-size: 14px; }}
.wide {{ overflow-x: auto; }}
th, td {{ text-align: left; vertical-align: top; padding: 5px 14px 5px 0; border-bottom: 1px solid #dcdfe5; overflow-wrap: anywhere; }}
th {{ font-weight: 600; }}
figure {{ margin: 0; }}
figcaption {{ color: #565c69; font-size: 13px; }}
.row {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px; }}
.row img, .one img {{ width: 100%; image-rendering: pixelated; border: 1px solid #dcdfe5; border-radius: 4px; display: block; }}
.one img {{ max-width: 400px; }}
.letter {{ display: inline-block; min-width: 20px; padding: 0 5px; border-radius: 5px; color: #fff; font-weight: 700; text-align: center; print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
pre {{ font-size: 12px; line-height: 1.4; background: #f3f4f7; padding: 10px; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }}
@media (min-width: 600px) {{ pre.long {{ column-count: 2; }} }}
.chart {{ margin: 8px 0 14px; }}
a {{ color: #0f5fb5; overflow-wrap: anywhere; }}
@page {{ size: A4; margin: 15mm; }}
@media print {{
  main {{ margin: 0; padding: 0; max-width: none; }}
  h2 {{ break-after: avoid; }}
  figure, .chart, tr {{ break-inside: avoid; }}
}}
"""
# A chart is as wide as its column; on paper the column has another width.
_SCRIPT = """
const all = () => document.querySelectorAll(".chart .js-plotly-plot").forEach((chart) => Plotly.Plots.resize(chart));
window.addEventListener("beforeprint", all);
window.addEventListener("afterprint", all);
"""


def text(words: str) -> str:
    """Plain text, escaped."""
    return html.escape(words)


def section(title: str, *parts: str) -> str:
    """A heading and what follows."""
    return f"<h2>{text(title)}</h2>\n" + "\n".join(parts)


def paragraph(words: str, *, note: bool = False) -> str:
    """A paragraph of plain text."""
    return f"<p{' class=note' if note else ''}>{text(words)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML; without a head where all of it is empty."""
    top = f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead>" if any(head) else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table>{top}<tbody>{body}</tbody></table></div>"


def code(words: str) -> str:
    """Text as it is, of one width; where it is long, in two columns."""
    return f"<pre{' class=long' if words.count(chr(10)) > LONG else ''}>{text(words)}</pre>"


def letter(name: str, colour: str) -> str:
    """The letter of an entry in its colour."""
    return f'<span class=letter style="background:{colour}">{text(name)}</span>'


def picture(data: bytes, caption: str, alt: str) -> str:
    """A WebP as PNG, which every program that opens such a page can show."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.save(buffer, "PNG", optimize=True)
    source = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<figure><img alt="{text(alt)}" src="data:image/png;base64,{source}"><figcaption>{caption}</figcaption></figure>'


def chart(figure: go.Figure) -> str:
    """A chart that can be read point by point where scripts may run, and is drawn by them."""
    import plotly.io

    figure.update_layout(
        template="plotly_white", font={"family": _FONT, "size": 12}, title={"font": {"size": 14}}, autosize=True
    )
    drawn: str = plotly.io.to_html(
        figure, full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True}
    )
    return f"<div class=chart>{drawn}</div>"


def document(speech: Speech, title: str, parts: Sequence[str], now: datetime | None = None) -> str:
    """The whole page."""
    from plotly.offline import get_plotlyjs

    date = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC")
    has_charts = any("class=chart" in part for part in parts)
    script = f"<script>{get_plotlyjs()}</script>" if has_charts else ""
    after = f"<script>{_SCRIPT}</script>" if has_charts else ""
    made = paragraph(speech.translate(MADE).format(date=date), note=True)
    return (
        f'<!DOCTYPE html>\n<html lang="{text(speech.language.replace("_", "-"))}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{text(title)}</title>'
        f"<style>{_STYLE}</style>{script}</head>\n<body><main>\n<h1>{text(title)}</h1>\n"
        + "\n".join(parts)
        + f"\n{made}\n</main>{after}</body></html>\n"
    )
