"""TranslationTrainer: the steps of pix2pix and CycleGAN. Everything else of a run is as it is in a Trainer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.config import RunConfig
from gan_core.data.pairs import PairSet
from gan_core.data.sets import to_unit
from gan_core.engine.objectives import DTerms
from gan_core.networks.translation import Both, Dropout
from gan_core.phases import Phase
from gan_core.players import Players, Preview
from gan_core.streams import Stream
from gan_core.trainer import Stats, Trainer
from gan_core.translation import objectives
from gan_core.translation.history import History
from gan_core.translation.players import Translators, preview


class TranslationTrainer(Trainer):
    """pix2pix: D sees a picture beside what it was made from, and G is also held to the true one. CycleGAN: two generators and two
    discriminators, one for each direction, each a player; G is held to what comes back. Raises as Trainer does."""

    data: PairSet

    def __init__(self, config: RunConfig, data: PairSet) -> None:
        super().__init__(config, data)
        self.given = self._held(data.given)
        count = len(data.given)
        # In the place of latents: of pictures without partners, those that go in come in an order of their own.
        self.latents = Stream(
            lambda _n, rng: torch.randperm(count, generator=rng, device=rng.device), self.rng["latent"], count
        )
        self._histories = {
            side: History(config.history, shape, self.device)
            for side, shape in ((("there", data.shape), ("back", data.given_shape)) if config.cycles else ())
        }
        for module in self.g.modules():
            if isinstance(module, Dropout):
                module.rng = self.rng["augment"]

    def _held(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device).contiguous(memory_format=torch.channels_last)

    def _batch(self) -> tuple[Tensor, Tensor]:
        """What goes in (n, C', H, W) and what shall come out (n, C, H, W), in [−1, 1]; of a row only where pairs are learned from."""
        assert self.pictures is not None
        n = self.config.batch_size
        rows = self.reals.next(n)
        into = self.latents.next(n) if self.config.cycles else rows
        return to_unit(self.given[into]), to_unit(self.pictures[rows])

    # ── a step ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _d_phases(self) -> Iterator[Phase]:
        precision = self.precision()
        with precision:
            given, real = self._batch()
        yield "d.batch", {"real": real}
        with precision, torch.no_grad():
            if isinstance(self.g, Both):
                made = {"there": self.g.there(given), "back": self.g.back(real)}
                made = {
                    side: self._histories[side].exchange(x.float(), self.rng["augment"]) for side, x in made.items()
                }
            else:
                made = {"there": self.g(given)}
        yield "d.fakes", {"latents": given.flatten(1), "fake": made["there"]}
        with precision:
            sides = self._sides(given, real, made)
            said = [
                (d(self._noisy(true), *told).flatten(), d(self._noisy(fake), *told).flatten())
                for d, true, fake, told in sides
            ]
        yield "d.judge", {"real": said[0][0], "fake": said[0][1]}
        with precision:
            losses = [self.objective.loss(r.float(), f.float(), self.config.label_smoothing)[0] for r, f in said]
            loss = torch.stack(losses).sum()
        means = [torch.stack([pair[i].detach().float().mean() for pair in said]).mean() for i in (0, 1)]
        self.d_sums += torch.stack([loss.detach(), *means, self._zero])
        terms = DTerms(loss, loss, None, *means)
        yield "d.loss", {"terms": terms, "real": said[0][0], "fake": said[0][1], "flips": None}
        gradients = list(torch.autograd.grad(loss, self._d_params))
        yield "d.gradients", {"gradients": gradients, "parts": 1}
        self._d_count += 1
        self._update(self._d_optimizer, self._d_params, gradients, 1)
        yield "d.update", {}

    def _sides(
        self, given: Tensor, real: Tensor, made: dict[str, Tensor]
    ) -> list[tuple[nn.Module, Tensor, Tensor, tuple[Tensor, ...]]]:
        """Of each D: itself, true and made pictures of its kind, and what it is told."""
        if isinstance(self.d, Both):
            return [(self.d.there, real, made["there"], ()), (self.d.back, given, made["back"], ())]
        return [(self.d, real, made["there"], (given,))]

    def _g_phases(self) -> Iterator[Phase]:
        c, precision = self.config, self.precision()
        with precision:
            given, real = self._batch()
            if isinstance(self.g, Both):
                made = {"there": self.g.there(given), "back": self.g.back(real)}
            else:
                made = {"there": self.g(given)}
        yield "g.fakes", {"latents": given.flatten(1), "fake": made["there"], "real": real}
        with precision:
            said = []
            for d, true, fake, told in self._sides(given, real, made):
                fooled = d(self._noisy(fake), *told).flatten()
                with torch.no_grad():
                    reference = d(self._noisy(true), *told).flatten() if self.objective.needs_real else fooled.detach()
                said.append((reference, fooled))
        yield "g.judge", {"real": said[0][0] if self.objective.needs_real else None, "fake": said[0][1]}
        with precision:
            convincing = torch.stack([self.objective.loss(r.float(), f.float())[1] for r, f in said]).sum()
            more = self._held_to(given, real, made)
            weights = (c.l1_weight, c.cycle_weight, c.cycle_weight * c.identity_weight)
            loss = convincing + sum(w * term for w, term in zip(weights, more, strict=True) if term is not None)
        self.g_sum += loss.detach()
        self.more_sums += torch.stack([self._zero if term is None else term.detach() for term in more])
        yield "g.loss", {"loss": loss, "samples": made["there"], "real": said[0][0], "fake": said[0][1]}
        gradients = list(torch.autograd.grad(loss, self._g_params))
        yield "g.gradients", {"gradients": gradients, "parts": 1}
        self._g_count += 1
        self._update(self._g_optimizer, self._g_params, gradients, 1)
        yield "g.update", {}

    def _held_to(
        self, given: Tensor, real: Tensor, made: dict[str, Tensor]
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """The error of the translation, of what comes back, and of what should have stayed; None where a method does not ask."""
        g = self.g
        if not isinstance(g, Both):
            return objectives.absolute(made["there"], real), None, None
        cycle = objectives.cycle(given, g.back(made["there"]), real, g.there(made["back"]))
        if not self.config.identity_weight:
            return None, cycle, None
        return None, cycle, objectives.identity(given, g.back(given), real, g.there(real))

    # ── looking and keeping ──────────────────────────────────────────────────────────────────────────────────────────────

    def read_stats(self) -> Stats:
        """Also the means of what G is held to, as errors a value in [−1, 1]."""
        count = self._g_count
        more = (self.more_sums / count).tolist() if count else []
        stats = super().read_stats()
        if not count:
            return stats
        if not self.config.cycles:
            return replace(stats, l1=more[0])
        return replace(
            stats, cycle=more[1] / 2, identity=more[2] / 2 if self.config.identity_weight else stats.identity
        )

    @property
    def players(self) -> Players:
        return Translators(self.config, self.data, self.preview, self.device, self.g, self.ema.module, self.d)

    def _make_preview(self) -> Preview:
        return preview(self.config, self.data, self.rng["preview"], self.device)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {side: history.state_dict() for side, history in self._histories.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for side, history in self._histories.items():
            history.load_state_dict(state[side])
        super().load_state_dict(state)
