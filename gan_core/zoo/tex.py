"""Formulas of docstrings, which are lines of plain Unicode, as TeX for KaTeX: symbol by symbol, so that nothing is said that they do not say."""

from __future__ import annotations

import re

_SYMBOLS = {
    "−": "-", "·": r"\cdot ", "×": r"\times ", "±": r"\pm ", "½": r"\tfrac{1}{2}", "√": r"\surd ", "∇": r"\nabla ", "∂": r"\partial ", "∞": r"\infty ",
    "‖": r"\Vert ", "←": r"\leftarrow ", "→": r"\to ", "≤": r"\le ", "≥": r"\ge ", "≈": r"\approx ", "∈": r"\in ", "∫": r"\int ", "~": r"\sim ",
    "…": r"\dots ", "#": r"\#", "%": r"\%", "{": r"\{", "}": r"\}", "′": "'",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\varepsilon ", "η": r"\eta ", "θ": r"\theta ", "ι": r"\iota ",
    "λ": r"\lambda ", "μ": r"\mu ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\varphi ", "ψ": r"\psi ", "Σ": r"\Sigma ",
}  # fmt: skip
_PLAIN = set("0123456789+-=()[]|/,.:;<>!'")
_UP = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵗ½", [*"0123456789-Tt", "1/2"], strict=True))
_DOWN = dict(zip("₀₁₂₃₄₅₆₇₈₉ₖᵢⱼₜ", [*"0123456789kijt"], strict=True))
_FUNCTIONS = {"log": r"\log ", "max": r"\max ", "min": r"\min ", "exp": r"\exp ", "cos": r"\cos ", "dt": "dt "}
_OPERATORS = {"softplus", "clip", "tr", "sign", "softmax", "argmax", "KL", "MSE"}
_MATHS = {*_FUNCTIONS, *_OPERATORS}
_ACCENTS = {"\u0302": "hat", "\u0304": "bar"}
_MEAN = r"\mathbb{E}"
_WORD = r"[A-Za-z][A-Za-z'’-]+"
_TOKEN = re.compile(
    r"(?P<accent>[A-Za-z][\u0302\u0304])|(?P<mean>E(?=[\[_‖|]))|(?P<normal>N(?=\(0|\(c))|(?P<below>_[A-Za-z]+)|(?P<above>\^½)|(?P<raised>\^(?=\())"
    rf"|(?P<up>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵗ]+½?)|(?P<down>[₀-₉ₖᵢⱼₜ]+)|(?P<sum>Σ(?![₀-₉]))|(?P<word>{_WORD})|(?P<letter>[A-Za-z])|(?P<space>\s+)|(?P<other>.)"
)
# Where a sentence begins: two words one after the other, or one after a comma or a colon.
_SENTENCE = re.compile(rf"(?<![^\s,:;]){_WORD}(?:,? (?:a |the |one )?(?=[`a-z'’-]{{2,}}\b)| (?=\d))|(?<=, ){_WORD}$|`")
_FORMULA = re.compile(r"[=←‖\[√|({/ₖ]")
_NAMED = re.compile(rf"{_WORD} (?![←=/])")  # a formula does not begin with a word, other than one that it is about


def split(line: str) -> tuple[str, str]:
    """A line of a docstring as formula and the words after it; either may be empty."""
    end = next(
        (found.start() for found in _SENTENCE.finditer(line) if not {*re.findall(_WORD, found.group())} & _MATHS),
        len(line),
    )
    parts = _parts(line[:end])
    kept = len(parts)
    while kept > 1 and (end < len(line) or kept < len(parts)) and "=" not in parts[kept - 1]:
        kept -= 1  # what was begun before the sentence is of the sentence
    colon = next((i + 1 for i, part in enumerate(parts[:kept]) if part.endswith(":")), kept)
    formula = "".join(parts[:colon])
    words = line[len(formula) :].strip(" ,:;")
    formula = formula.rstrip(" ,:;")
    if (
        formula.count("(") != formula.count(")")
        or not _FORMULA.search(formula)
        or "->" in formula
        or _NAMED.match(formula)
    ):
        return "", line
    return formula, words


def _parts(text: str) -> list[str]:
    """`text` cut behind every comma, colon and semicolon that no bracket holds, each with what follows it up to the next."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        parts[-1] += c
        if c in ",:;" and not depth:
            parts.append("")
    return parts


def tex(formula: str) -> str | None:
    """TeX of a formula (one line); None where it has a sign that is not known here."""
    written, place = [], 0
    while place < len(formula):
        found = _TOKEN.match(formula, place)
        assert found is not None
        kind, text = str(found.lastgroup), found.group()
        place = found.end()
        if kind == "raised":  # ^(…): up to the parenthesis that closes it
            end = _closing(formula, place)
            inside = tex(formula[place:end]) if end else None
            if inside is None:
                return None
            written.append(f"^{{{inside}}}")
            place = end
            continue
        one = _written(kind, text)
        if one is None:
            return None
        written.append(one)
    return "".join(written).strip()


def _written(kind: str, text: str) -> str | None:
    match kind:
        case "accent":
            return rf"\{_ACCENTS[text[1]]}{{{text[0]}}}"
        case "mean":
            return _MEAN
        case "normal":
            return r"\mathcal{N}"
        case "below":
            return f"_{{{text[1:]}}}" if len(text) <= 3 else rf"_{{\text{{{text[1:]}}}}}"
        case "above":
            return "^{1/2}"
        case "up":
            return f"^{{{''.join(_UP[c] for c in text)}}}"
        case "down":
            return f"_{{{''.join(_DOWN[c] for c in text)}}}"
        case "sum":
            return r"\sum "
        case "word":
            return _FUNCTIONS.get(text) or (rf"\operatorname{{{text}}}" if text in _OPERATORS else rf"\text{{{text}}}")
        case "letter":
            return text
        case "space":
            return r"\quad " if len(text) > 1 else r"\ "
    return text if text in _PLAIN else _SYMBOLS.get(text)


def _closing(text: str, start: int) -> int:
    """The place after the parenthesis that closes the one at `start`; 0 where none does."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place + 1
    return 0
