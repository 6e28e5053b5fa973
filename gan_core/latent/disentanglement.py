"""How far each coordinate of a code stands for one factor, and each factor for one coordinate: MIG and DCI, of codes (N, C) and the true
factors (N, F) of the same pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from gan_core.errors import DataError
from gan_core.text import N_

Numbers = NDArray[np.float64]
BINS = 20
_MOST_CHOICES = 100
_TREES = 20
_HELD_OUT = 0.3
_LEAST = 40


def mutual_information(a: NDArray[np.intp], b: NDArray[np.intp]) -> float:
    """I(a; b) in nats of two lists of codes 0, 1, …, by counting: Σ p(a, b) log (p(a, b) / (p(a) p(b)))."""
    joint = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(joint, (a, b), 1 / len(a))
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / apart[there])).sum())


def entropy(a: NDArray[np.intp]) -> float:
    """H(a) in nats, by counting."""
    return mutual_information(a, a)


def binned(values: Numbers, bins: int = BINS) -> NDArray[np.intp]:
    """Numbers (N,) as codes 0 … bins − 1, of intervals of one width from the least to the largest; choices (at most 100 different whole numbers)
    as codes of their own."""
    if _is_choice(values):
        return np.searchsorted(np.unique(values), values).astype(np.intp)
    edges = np.linspace(values.min(), values.max(), bins + 1)[1:-1]
    return np.searchsorted(edges, values, side="right").astype(np.intp)


def gaps(codes: Numbers, factors: Numbers) -> tuple[Numbers, Numbers]:
    """(C, F) mutual information of each coordinate with each factor as a share of the factor's entropy, and (F,) by how much the best
    coordinate of a factor is ahead of the second: 0 where there is only one coordinate that says nothing, or a factor never changes.

    (I(zⱼ; vₖ) − max over the others I(zⱼ'; vₖ)) / H(vₖ).   Chen et al. 2018, arXiv:1802.04942, equation 6; of 20 intervals as Locatello
    et al. 2019, arXiv:1811.12359. Counting gives each information a little too much, which the difference takes away."""
    z = [binned(column) for column in codes.T]
    shares = np.zeros((codes.shape[1], factors.shape[1]))
    for k, values in enumerate(factors.T):
        v = binned(values)
        known = entropy(v)
        if known > 1e-9:
            shares[:, k] = [mutual_information(column, v) / known for column in z]
    best = np.sort(shares, 0)
    return shares, best[-1] - (best[-2] if len(best) > 1 else 0.0)


def mig(codes: Numbers, factors: Numbers) -> float:
    """Mutual information gap, the mean of `gaps` over the factors: 1 where each factor is told by one coordinate alone, 0 where two tell as
    much of it. Raises DataError for too few samples."""
    _check(codes, factors)
    return float(gaps(codes, factors)[1].mean())


@dataclass(frozen=True)
class DCI:
    """disentanglement: whether a coordinate says something of one factor only; completeness: whether a factor is said by one coordinate only;
    informativeness: how well held-out factors are predicted (mean R², or accuracy of choices beyond guessing, none below 0). importances (C, F)."""

    disentanglement: float
    completeness: float
    informativeness: float
    importances: Numbers


def dci(codes: Numbers, factors: Numbers) -> DCI:
    """By random forests that predict each factor from the code, 30 % of the samples held out.   Eastwood & Williams 2018,
    https://openreview.net/forum?id=By-7dz-AZ, section 2. The same for the same samples. Raises DataError for too few."""
    _check(codes, factors)
    order = np.random.default_rng(0).permutation(len(codes))
    held = order[: round(_HELD_OUT * len(codes))]
    learned = order[len(held) :]
    importances = np.zeros((codes.shape[1], factors.shape[1]))
    told = np.zeros(factors.shape[1])
    for k, values in enumerate(factors.T):
        if len(np.unique(values[learned])) < 2:
            continue
        if _is_choice(values):
            chooser = RandomForestClassifier(_TREES, min_samples_leaf=5, random_state=0).fit(codes[learned], values[learned].astype(int))  # fmt: skip
            importances[:, k] = chooser.feature_importances_
            right = float((chooser.predict(codes[held]) == values[held].astype(int)).mean())
            guessed = float(np.unique(values[held], return_counts=True)[1].max() / len(held))
            told[k] = max(0.0, (right - guessed) / max(1 - guessed, 1e-9))
        else:
            forest = RandomForestRegressor(_TREES, min_samples_leaf=5, random_state=0).fit(codes[learned], values[learned])  # fmt: skip
            importances[:, k] = forest.feature_importances_
            told[k] = max(0.0, float(forest.score(codes[held], values[held])))
    return DCI(*shared_out(importances), float(told.mean()), importances)


def shared_out(importances: Numbers) -> tuple[float, float]:
    """(C, F) importances, none below 0 -> disentanglement and completeness.

    Dᵢ = 1 − H_F(Pᵢ), Pᵢⱼ = Rᵢⱼ / Σⱼ Rᵢⱼ, the mean weighted by ρᵢ = Σⱼ Rᵢⱼ / Σ R; Cⱼ = 1 − H_C(P̃ⱼ) over the coordinates, the mean over the
    factors that anything is said of. Entropies to the base of how many there are.   Eastwood & Williams 2018, section 2."""
    weights = importances.sum(1)
    if not weights.sum():
        return 0.0, 0.0
    disentangled = float((weights / weights.sum() * _one_sided(importances)).sum())
    said = importances.sum(0) > 0
    return disentangled, float(_one_sided(importances.T)[said].mean())


def _one_sided(rows: Numbers) -> Numbers:
    """(A, B) -> (A,): 1 − entropy of each row's shares to the base B."""
    shares = rows / np.maximum(rows.sum(1, keepdims=True), 1e-300)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    found: Numbers = 1 + (shares * logs).sum(1) / np.log(max(2, rows.shape[1]))
    return found


def _is_choice(values: Numbers) -> bool:
    different = np.unique(values)
    return len(different) <= _MOST_CHOICES and bool((different == np.round(different)).all())


def _check(codes: Numbers, factors: Numbers) -> None:
    if len(codes) < _LEAST or len(codes) != len(factors):
        raise DataError(
            N_("{count} samples do not tell how a code is made: at least {least} are needed."),
            count=len(codes), least=_LEAST,
        )  # fmt: skip
