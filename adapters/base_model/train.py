"""Trains the built-in reader: from random weights, or on from a weights folder.

    python -m crossover.adapters.base_model.train --out build/base_model/run --compile
    python -m crossover.adapters.base_model.train --out build/base_model/refined --minutes 60 \\
        --init adapters/base_model/weights

A killed run goes on where its last checkpoint stands when the same command is given again.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from crossover.adapters.base_model import WEIGHTS, checkpoint, circuits, corpus, embeddings, rows
from crossover.adapters.base_model.checkpoint import Progress, State
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.model import Reader, Shape
from crossover.adapters.base_model.muon import Muon
from crossover.adapters.base_model.probes import probe_all
from crossover.adapters.base_model.stages import COURSES, REFINE, SCRATCH, Stage, stage_at

_WARM_UP = 50
_EMBEDDING_RATE = 0.15  # AdamW's rate for embeddings and norms, as a share of Muon's
_DECIDING = 3.0  # weight of the tokens that decide an answer
_LANGUAGE_SHARE = 0.06  # of the other tokens, so many go through the output matrix


@dataclass(frozen=True, slots=True)
class Options:
    """One training run."""

    out: Path
    init: Path | None = None
    minutes: float | None = None
    mtok: float | None = 28.0
    """The budget over which the course is spread: millions of tokens, minutes, or whichever is reached first."""
    stop_mtok: float | None = None
    """Stop earlier, with the rates of the whole budget."""
    seed: int = 1
    threads: int = 2
    device: str = "cpu"
    compiled: bool = False
    every: int = 200
    """Steps between checkpoints and probes."""
    questions: int = 48
    course: tuple[Stage, ...] | None = None
    tokenizer: Path = WEIGHTS


class Run:
    """A training run, begun or resumed."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.course = options.course or (REFINE if options.init else SCRATCH)
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.encoder = rows.Encoder(options.tokenizer)
        self.model = Reader(Shape(vocabulary=self.encoder.size))
        saved = checkpoint.load(options.out)
        if options.init:
            checkpoint.load_weights(self.model, options.init)
        elif not saved:
            vectors = embeddings.initial(self.model.shape.width, options.seed)
            self.model.model.embed_tokens.weight.data.copy_(vectors)
            circuits.wire(self.model, self.encoder.bracket, options.seed)
        self.model.to(options.device)
        learning = embeddings.learns()[:, None].to(options.device)
        self.model.model.embed_tokens.weight.register_hook(lambda gradient: gradient * learning)  # type: ignore[no-untyped-call]
        named = list(self.model.named_parameters())
        hidden = [p for name, p in named if p.ndim == 2 and "embed" not in name]
        other = [p for name, p in named if p.ndim < 2 or "embed" in name]
        self.optimizers: list[torch.optim.Optimizer] = [
            Muon(hidden),
            torch.optim.AdamW(other, betas=(0.9, 0.95), weight_decay=0.0),
        ]
        self.draw = Draw(options.seed)
        self.progress = Progress()
        self.stopping = False
        if saved:
            self._restore(saved)
        self.forward: Any = torch.compile(self.model, dynamic=False) if options.compiled else self.model

    @property
    def done(self) -> float:
        """The share of the budget that is used up."""
        options, progress = self.options, self.progress
        shares = [0.0]
        if options.mtok:
            shares.append(progress.tokens / 1e6 / options.mtok)
        if options.minutes:
            shares.append(progress.seconds / 60 / options.minutes)
        return max(shares)

    def train(self) -> None:
        """Runs to the end of the budget, checkpointing on the way, and exports the weights."""
        options, progress = self.options, self.progress
        begun, before, losses = time.monotonic(), progress.seconds, (0.0, 0.0)
        stop = (options.stop_mtok or float("inf")) * 1e6
        if not progress.step:
            self._checkpoint(*stage_at(self.course, 0.0), losses)
        while self.done < 1 and progress.tokens < stop and not self.stopping:
            stage, rate = stage_at(self.course, self.done)
            new = self._step(stage, rate * min(1.0, (progress.step + 1) / _WARM_UP))
            smooth = 0.95 if any(losses) else 0.0
            losses = (smooth * losses[0] + (1 - smooth) * new[0], smooth * losses[1] + (1 - smooth) * new[1])
            progress.step += 1
            progress.tokens += stage.rows * stage.length
            progress.seconds = before + time.monotonic() - begun
            if progress.step % 25 == 0:
                self._report(stage, rate, losses)
            if progress.step % options.every == 0:
                self._checkpoint(stage, rate, losses)
        stage, rate = stage_at(self.course, self.done)
        self._checkpoint(stage, rate, losses)
        if not self.stopping:
            checkpoint.export(self.model.state_dict(), options.out / "weights", options.tokenizer)

    def _step(self, stage: Stage, rate: float) -> tuple[float, float]:
        """One update; the losses on answers and on other text."""
        ids, trained = rows.batch(
            lambda: self.encoder.encode(corpus.dialogue(self.draw, stage.mix)), stage.rows, stage.length
        )
        sampled = torch.rand(stage.rows * stage.length) < _LANGUAGE_SHARE
        ids, trained, sampled = (t.to(self.options.device) for t in (ids, trained, sampled))
        answers, language = self._losses(ids, trained, sampled)
        (answers + stage.language * language).backward()  # type: ignore[no-untyped-call]
        for optimizer, share in zip(self.optimizers, (1.0, _EMBEDDING_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return answers.item(), language.item()

    def _losses(self, ids: Tensor, trained: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor]:
        x, y, said = ids[:, :-1], ids[:, 1:].flatten(), trained[:, 1:] == 1
        opening = torch.tensor(self.encoder.opening, device=ids.device)
        begins = said & ~F.pad(said, (1, 0))[:, :-1]
        deciding = (begins | (said & torch.isin(x, opening))).flatten()
        answer = said.flatten().nonzero()[:, 0]
        other = (~said.flatten() & (y != rows.PAD) & sampled).nonzero()[:, 0]
        hidden = self.forward(x).flatten(0, 1)
        weights = torch.where(deciding[answer], _DECIDING, 1.0)
        chosen = torch.cat([answer, other])
        losses = F.cross_entropy(self.model.logits(hidden[chosen]), y[chosen], reduction="none")
        return (losses[: len(answer)] * weights).sum() / weights.sum(), losses[len(answer) :].mean()

    def _report(self, stage: Stage, rate: float, losses: Sequence[float]) -> None:
        p = self.progress
        print(
            f"step {p.step} {stage.name} {p.tokens / 1e6:.2f} Mtok {p.seconds / 60:.1f} min rate {rate:.4f} "
            f"loss {losses[0]:.3f} language {losses[1]:.3f} {p.tokens / max(p.seconds, 1e-9):.0f} tokens/s",
            flush=True,
        )

    def _checkpoint(self, stage: Stage, rate: float, losses: Sequence[float]) -> None:
        p = self.progress
        if not p.curve or p.curve[-1]["step"] != p.step:
            figures: dict[str, str | float] = {"step": p.step, "mtok": round(p.tokens / 1e6, 2)}
            figures |= {"minutes": round(p.seconds / 60, 1), "stage": stage.name, "rate": round(rate, 5)}
            figures |= {"loss": round(losses[0], 3), "language": round(losses[1], 3)}
            if self.options.questions:
                figures |= probe_all(self.model, self.encoder, self.options.questions)
            p.curve.append(figures)
            print(figures, flush=True)
        tensors = {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers]}
        random = {"draw": self.draw.random.getstate(), "torch": torch.get_rng_state()}
        checkpoint.save(self.options.out, State(p, tensors, random))

    def _restore(self, saved: State) -> None:
        self.progress = saved.progress
        self.model.load_state_dict(saved.tensors["model"])
        for optimizer, state in zip(self.optimizers, saved.tensors["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.draw.random.setstate(saved.random["draw"])
        torch.set_rng_state(saved.random["torch"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crossover.adapters.base_model.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, curve, weights/")
    parser.add_argument("--init", type=Path, help="weights folder to go on from (a refining run)")
    parser.add_argument("--course", choices=COURSES, help="stages of the run (scratch; with --init: refine)")
    parser.add_argument("--tokenizer", type=Path, default=WEIGHTS, help="folder with the tokenizer")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write the last checkpoint's weights and stop")
    parser.add_argument("--minutes", type=float, help="budget in minutes of training")
    parser.add_argument("--mtok", type=float, help="budget in million tokens (28 when no --minutes are given)")
    parser.add_argument("--stop-mtok", type=float, help="stop after so many million tokens of the budget")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--compile", action="store_true", help="torch.compile: a third faster after a slow start")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--questions", type=int, default=48, help="questions of each probe at a checkpoint")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; SIGTERM and Ctrl-C stop it after a checkpoint."""
    a = _parser().parse_args(arguments)
    if a.export:
        saved = checkpoint.load(a.out)
        if not saved:
            print(f"error: {a.out}: no checkpoint there; name the --out folder of a run", file=sys.stderr)
            return 2
        checkpoint.export(saved.tensors["model"], a.export, a.tokenizer)
        return 0
    mtok = a.mtok if a.mtok or a.minutes else 28.0
    options = Options(
        out=a.out,
        init=a.init,
        minutes=a.minutes,
        mtok=mtok,
        stop_mtok=a.stop_mtok,
        seed=a.seed,
        threads=a.threads,
        device=a.device,
        compiled=a.compile,
        every=a.every,
        questions=a.questions,
        course=COURSES.get(a.course),
        tokenizer=a.tokenizer,
    )
    try:
        run = Run(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    def stop(*_: object) -> None:
        run.stopping = True

    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    run.train()
    return 0


if __name__ == "__main__":
    sys.exit(main())
