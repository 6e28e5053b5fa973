"""The symbols in the lessons' formulas, which explain themselves when pointed at.

KaTeX as Streamlit runs it draws no attributes, but colours: each symbol is drawn in a colour of its own, by which the page finds it again.
What they mean is in texts/symbols.*.md.
"""

from __future__ import annotations

import re

LATEX = {
    "G": "G",
    "D": "D",
    "Dstar": "D^*",
    "x": "x",
    "z": "z",
    "p": r"p_{\text{data}}",
    "pg": r"p_G",
    "pz": r"p_z",
    "E": r"\mathbb{E}",
    "V": "V",
    "LD": r"L_D",
    "LG": r"L_G",
    "sigma": r"\sigma",
    "grad": r"\nabla",
    "gamma": r"\gamma",
    "lambda": r"\lambda",
    "KL": r"\mathrm{KL}",
    "JS": r"\mathrm{JS}",
    "W": "W_1",
    "plan": r"\pi",
    "other": "y",
    "lip": r"\|f\|_L",
    "K": "K",
    "clip": "c",
    "between": r"\hat x",
    "critic": "f",
    "theta": r"\theta",
    "psi": r"\psi",
    "v": "v",
    "n": "n",
    "meana": r"\bar a",
    "meanb": r"\bar b",
    "sda": "s_a",
    "sdb": "s_b",
    "t": "t",
    "h": "h",
    "i": "i",
    "eig": r"\lambda_{\pm}",
    "f": "f",
    "q": "q",
    "beta": r"\beta",
    "answer": "y",
    "logit": "a",
    "k": "k",
    "qk": "q_k",
    "shares": "q",
    "y": "y",
    "c": "c",
    "I": "I",
    "P": "P",
    "FD": r"\mathrm{FD}",
    "mu": r"\mu",
    "cov": r"\Sigma",
    "trace": r"\operatorname{tr}",
    "wide": "s",
    "truncation": r"\psi",
}
_BASE = 0x2F6FA0  # blue enough to be seen as something to point at, readable on white and on black
_SYMBOL = re.compile(r"\\s\{([A-Za-z]+)\}")


def colour(name: str) -> str:
    """As CSS writes it. Raises KeyError for a symbol that there is not."""
    return f"#{_BASE + list(LATEX).index(name):06x}"


def by_colour() -> dict[str, str]:
    """The names by what a browser says of their colours: "rgb(47, 111, 160)"."""
    found = {}
    for name in LATEX:
        value = int(colour(name)[1:], 16)
        found[f"rgb({value >> 16}, {value >> 8 & 255}, {value & 255})"] = name
    return found


def drawn(text: str) -> str:
    """With each `\\s{…}` as LaTeX in its colour."""
    return _SYMBOL.sub(lambda match: rf"\textcolor{{{colour(match[1])}}}{{{LATEX[match[1]]}}}", text)
