"""What a viewer sees of one phase of a step: numbers, a formula, and detached copies of what the step has just made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_core import formulas, variational
from gan_core.data.sets import PointSet
from gan_core.engine.objectives import DTerms, GVerdicts, g_objective, swapped
from gan_core.phases import BOTH, CODES, Phase, Place, codes, places
from gan_core.schedules import ema_decay, half_life
from gan_core.trainer import Trainer

ROWS = 200  # of a batch that are shown at most
Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class PhaseView:
    """One phase. Arrays (never written to after this is made), n ≤ ROWS rows of one part of the batch:

    latents (n, dim); real_logits, fake_logits, losses (n,); points only, in data units: real, fake, pull (n, 2), the gradient of the
    generator's loss of each sample; gradient_norms, change_norms (layers,): one a parameter, named in `layers`.
    """

    place: Place
    players: str
    values: Mapping[str, float]
    formula: str = ""
    layers: tuple[str, ...] = ()
    arrays: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    codes: tuple[str, ...] = CODES  # all phases of such a step


class Reader:
    """Reads the phases of one step of `trainer` as they come. It changes nothing that the step depends on, and draws nothing."""

    def __init__(self, trainer: Trainer, players: str = BOTH) -> None:
        self._trainer, self._players = trainer, players
        self._places = iter(places(trainer.config, players))
        self._averages = players != "d" and (trainer.config.k_g > 0 or players == "g")
        self._arrays: Arrays = {}
        self._before: list[Tensor] = []  # the player's weights before its update
        self._pull = float("nan")  # mean length of the gradient of G's loss on a sample

    def read(self, phase: Phase) -> PhaseView:
        """The next phase. Called before the step goes on."""
        code, tensors = phase
        place = next(self._places)
        assert place.code == code
        if code in ("d.batch", "g.fakes", "v.batch", "end"):
            self._arrays = {}
        values = _READERS[code](self, tensors)
        layers = tuple(self._norms_of) if code.endswith((".gradients", ".update")) else ()
        text = formulas.of_phase(self._trainer.config, code, "penalty" in values)
        text = text if code != "end" or self._averages else ""
        return PhaseView(place, self._players, values, text, layers, dict(self._arrays), codes(self._trainer.config))

    # ── each phase: its numbers; its arrays stay for the phases that follow in the same round ─────────────────────────────

    def _batch(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        self._keep_samples("real", tensors["real"])
        return {"samples": len(tensors["real"])}

    def _fakes(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        self._arrays["latents"] = _rows(tensors["latents"])
        self._keep_samples("fake", tensors["fake"])
        if tensors.get("real") is not None:
            self._keep_samples("real", tensors["real"])
        return {"samples": len(tensors["fake"]), "dimensions": tensors["latents"].shape[1]}

    def _judge(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        found: dict[str, float] = {}
        for which in ("real", "fake"):
            if tensors[which] is not None:
                self._arrays[f"{which}_logits"] = _rows(tensors[which])
                found[f"d_{which}"] = float(tensors[which].detach().float().mean())
        return found

    def _d_loss(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        t, terms = self._trainer, tensors["terms"]
        assert isinstance(terms, DTerms)
        real, fake = swapped(tensors["real"].detach(), tensors["fake"].detach(), tensors["flips"])
        smooth = t.config.label_smoothing
        self._arrays["losses"] = _each(lambda r, f: t.objective.loss(r, f, smooth)[0], real, fake)
        found = {"loss": float(terms.loss.detach())}
        if terms.penalty is not None:
            penalty = float(terms.penalty.detach())
            found |= {"penalty": penalty, "weight": t.penalty_weight, "total": float(terms.total.detach())}
        return found

    def _g_loss(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        t, fake = self._trainer, tensors["fake"].detach()
        real = fake if tensors["real"] is None else tensors["real"].detach()
        self._arrays["losses"] = _each(lambda r, f: g_objective(t.objective, GVerdicts(r, f)), real, fake)
        # The step itself only asks for the gradients of the weights, and its graph is gone after that.
        (pull,) = torch.autograd.grad(tensors["loss"], tensors["samples"], retain_graph=True)
        pull = pull.detach().float() * len(
            pull
        )  # of each sample's own loss: the mean over the batch divides by its size
        self._pull = float(pull.flatten(1).norm(dim=1).mean())
        if isinstance(t.data, PointSet):
            self._pending_pull = _rows(pull / t.data.scale)
            self._pull /= t.data.scale
        return {"loss": float(tensors["loss"].detach())}

    def _gradients(self, tensors: Mapping[str, Any], who: str) -> dict[str, float]:
        gradients = [g.detach().float() / tensors["parts"] for g in tensors["gradients"]]
        self._before = [p.detach().clone() for p in self._parameters(who)]
        norms = self._keep_norms("gradient_norms", who, gradients)
        if who != "g":
            return {"gradient": norms}
        if isinstance(self._trainer.data, PointSet):
            self._arrays["pull"] = self._pending_pull
        return {"pull": self._pull, "gradient": norms}

    def _update(self, _tensors: Mapping[str, Any], who: str) -> dict[str, float]:
        now = list(self._parameters(who))
        change = self._keep_norms("change_norms", who, [p.detach() - b for p, b in zip(now, self._before, strict=True)])
        found = {"rate": self._trainer.rate("d" if who == "d" else "g"), "change": change}
        if self._trainer.config.grad_clip:
            found["clipped"] = float(nn.utils.get_total_norm([p.grad for p in now if p.grad is not None]))
        length = float(nn.utils.get_total_norm([b.float() for b in self._before]))
        return found | {"share": change / length if length else float("nan")}

    def _encode(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        self._arrays["latents"] = _rows(tensors["latents"])
        return {"dimensions": tensors["latents"].shape[1], "code_mean": float(tensors["mean"].detach().pow(2).mean().sqrt()),
                "code_spread": float((tensors["log_variance"].detach() / 2).exp().mean())}  # fmt: skip

    def _v_loss(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        terms, weight = tensors["terms"], self._trainer.config.kl_weight
        with torch.no_grad():
            each = variational.reconstruction(tensors["real"], tensors["fake"])
            each += weight * variational.divergence(tensors["mean"], tensors["log_variance"])
        self._arrays["losses"] = _rows(each)
        return {"reconstruction": float(terms.reconstruction.detach()), "kl": float(terms.kl.detach()), "beta": weight,
                "total": float(terms.total.detach())}  # fmt: skip

    def _end(self, _tensors: Mapping[str, Any]) -> dict[str, float]:
        t, c = self._trainer, self._trainer.config
        found = {"step": float(t.step_count), "images": float(t.images)}
        return found | (
            {"decay": ema_decay(c.batch_size, t.images, half_life(c, t.images), c.ema_ramp)} if self._averages else {}
        )

    # ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _parameters(self, who: str) -> Iterable[nn.Parameter]:
        return [p for _, p in self._named(who)]

    def _named(self, who: str) -> list[tuple[str, nn.Parameter]]:
        """Of D, of G, or ("v") of an encoder and its decoder."""
        t = self._trainer
        if who == "v":
            return [
                (f"{side}.{name}", p)
                for side, module in (("encoder", t.d), ("decoder", t.g))
                for name, p in module.named_parameters()
            ]
        if who == "d":
            return list(t.d.named_parameters())
        return [*t.g.named_parameters(), *(t.e.named_parameters(prefix="encoder") if t.e is not None else ())]

    def _keep_samples(self, name: str, samples: Tensor) -> None:
        if isinstance(self._trainer.data, PointSet):
            self._arrays[name] = _rows(self._trainer.data.to_units(samples))

    def _keep_norms(self, name: str, who: str, tensors: list[Tensor]) -> float:
        """The norm of each and of all."""
        self._norms_of = [name for name, _ in self._named(who)]
        norms = torch.stack([x.float().norm() for x in tensors]).cpu()
        self._arrays[name] = norms.numpy()
        return float(norms.norm())


_READERS: dict[str, Callable[[Reader, Mapping[str, Any]], dict[str, float]]] = {
    "d.batch": Reader._batch, "d.fakes": Reader._fakes, "d.judge": Reader._judge, "d.loss": Reader._d_loss,
    "d.gradients": lambda r, t: r._gradients(t, "d"), "d.update": lambda r, t: r._update(t, "d"),
    "g.fakes": Reader._fakes, "g.judge": Reader._judge, "g.loss": Reader._g_loss,
    "g.gradients": lambda r, t: r._gradients(t, "g"), "g.update": lambda r, t: r._update(t, "g"), "end": Reader._end,
    "v.batch": Reader._batch, "v.encode": Reader._encode, "v.decode": lambda r, t: {"samples": len(t["fake"])}, "v.loss": Reader._v_loss,
    "v.gradients": lambda r, t: r._gradients(t, "v"), "v.update": lambda r, t: r._update(t, "v"),
}  # fmt: skip


def _rows(x: Tensor) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = x.detach()[:ROWS].float().cpu().clone().numpy()
    return rows


def _each(loss: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> NDArray[np.float32]:
    """The loss of each pair of logits, (n,), as if it were a batch of its own."""
    one = torch.vmap(lambda r, f: loss(r[None], f[None]))
    return _rows(one(real[:ROWS].float(), fake[:ROWS].float()))
