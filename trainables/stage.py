"""How is an encoder trained on a stage or a target? The one training loop of the project.

It yields after every optimizer step and knows nothing of stores, clocks or Ray: who drives it
decides when to stop, report or save. AdamW with linear warm-up and decay, as jiant (see Recipe).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.batches import TrainingPart, epoch_plan, joint_name, steps_per_epoch
from trainables.encoder import Encoder, encoder_tensors, load_tensors
from trainables.kinds import KINDS
from trainables.precision import autocast_dtype
from trainables.recipe import Recipe
from trainables.streams import seeded_dropout, stream


class TrainingDiverged(RuntimeError):
    """The loss or the gradient is no longer a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One optimizer step that has been made."""

    number: int
    """From 1 to num_steps."""
    num_steps: int
    task: str
    num_features: int
    loss: float
    """Mean over the batch, before the step."""
    dev_score: float | None
    """English dev, where this step was followed by a look at it."""


class FineTuning:
    """One stage or target in training: iterate over it; at any step it can be saved.

    `FineTuning(...)` with `restore(tensors(), numbers())` of an earlier one, made with the same
    arguments, goes on bit for bit as the earlier one would have.

    Attributes:
        encoder: trained in place.
        heads: one fresh head per part, in their order.
        step: optimizer steps made; num_steps: to be made.
        dev_scores: (step, score) of every look at the dev set.
        best_step: whose weights the finished training leaves; None without `dev_score`.
    """

    def __init__(
        self,
        encoder: Encoder,
        parts: Sequence[TrainingPart],
        *,
        recipe: Recipe,
        seed: int,
        stage: str = "",
        dev_score: Callable[[FineTuning], float] | None = None,
    ) -> None:
        """Draw the heads and set up the optimizer; nothing is trained yet.

        Args:
            encoder: on the device to train on.
            parts: one task, or those of a joint stage.
            recipe: hyper-parameters.
            seed: of all random streams.
            stage: how messages call this training; by default the names of its tasks.
            dev_score: if given, the weights of the best-scoring step win, the earliest of equals.
        """
        self.encoder = encoder
        self.heads = nn.ModuleList(new_head(part, encoder, seed) for part in parts)
        self.heads.to(encoder.device)
        self.num_steps = recipe.epochs * steps_per_epoch(parts, recipe)
        self.step = 0
        self.dev_scores: list[tuple[int, float]] = []
        self.best_step: int | None = None
        self._parts, self._recipe, self._seed = tuple(parts), recipe, seed
        self._name = joint_name(parts)
        self._stage = stage or self._name
        self._dev_score = dev_score
        self._looks = _look_steps(recipe, self.num_steps) if dev_score else frozenset()
        self._best: dict[str, Tensor] = {}
        self._module = nn.ModuleDict({"encoder": encoder.model, "heads": self.heads})
        self._parameters = list(self._module.parameters())
        self._optimizer = _optimizer(self._parameters, recipe)
        self._dtype = autocast_dtype(recipe.precision, encoder.device)
        _set_checkpointing(encoder.model, recipe.gradient_checkpointing)

    def __iter__(self) -> Iterator[Step]:
        """Train from where it stands to the end, one optimizer step at a time.

        Raises:
            TrainingDiverged: if the loss or the gradient is NaN or infinite.
        """
        per_epoch = self.num_steps // self._recipe.epochs
        while self.step < self.num_steps:
            epoch, position = divmod(self.step, per_epoch)
            plan = epoch_plan(self._parts, self._recipe, self._seed, epoch)
            for part, features in plan[position:]:
                yield self._advance(part, features)

    def _advance(self, part: int, features: NDArray[np.int64]) -> Step:
        self._module.train()
        self._optimizer.zero_grad(set_to_none=True)
        with seeded_dropout(self._seed, self._name, self.step, self.encoder.device):
            loss = self._backward(part, features)
        norm = nn.utils.clip_grad_norm_(self._parameters, self._recipe.clip)
        if not (math.isfinite(loss) and math.isfinite(norm.item())):
            raise TrainingDiverged(self._diverged(part, loss, norm.item()))
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self._recipe, self.step, self.num_steps)
        self._optimizer.step()
        self.step += 1
        return Step(
            number=self.step,
            num_steps=self.num_steps,
            task=self._parts[part].task.name,
            num_features=len(features),
            loss=loss,
            dev_score=self._look(),
        )

    def _backward(self, part: int, features: NDArray[np.int64]) -> float:
        """Accumulate the gradient of the batch's mean loss, which is returned."""
        task, encoded = self._parts[part].task, self._parts[part].encoded
        kind, device, size = KINDS[task.kind], self.encoder.device, self._recipe.micro_batch
        total = torch.zeros((), device=device)
        for start in range(0, len(features), size):
            chosen = features[start : start + size]
            batch = kind.collate(encoded.take(chosen), self.encoder.pad_id)
            batch = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
            with torch.autocast(device.type, dtype=self._dtype, enabled=self._dtype is not None):
                loss = kind.loss(self.heads[part], self.encoder.read(batch), batch)
            loss = loss * (len(chosen) / len(features))
            loss.backward()
            total += loss.detach()
        return total.item()

    def _look(self) -> float | None:
        """Score the dev set where the plan says so; keep, and at the end put back, the best."""
        score = None
        if self._dev_score is not None and self.step in self._looks:
            score = float(self._dev_score(self))
            if all(score > earlier for _, earlier in self.dev_scores):
                self.best_step, self._best = self.step, encoder_tensors(self._module)
            self.dev_scores.append((self.step, score))
        if self.step == self.num_steps and self._best:
            load_tensors(self._module, self._best)
        return score

    def tensors(self) -> dict[str, Tensor]:
        """Copies on the CPU of all that moves: weights, optimizer, best weights so far."""
        saved = {f"weights/{name}": t for name, t in encoder_tensors(self._module).items()}
        for name, parameter in self._module.named_parameters():
            for key, value in self._optimizer.state.get(parameter, {}).items():
                saved[f"optimizer/{key}/{name}"] = value.detach().to("cpu", copy=True)
        return saved | {f"best/{name}": tensor for name, tensor in self._best.items()}

    def numbers(self) -> dict[str, Any]:
        """The position, as JSON values."""
        scores = [list(pair) for pair in self.dev_scores]
        return {"step": self.step, "best_step": self.best_step, "dev_scores": scores}

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Stand where `tensors` and `numbers` were taken.

        Raises:
            ValueError: if they belong to another model.
        """
        load_tensors(self._module, _under("weights/", tensors))
        self._best = _under("best/", tensors)
        self._optimizer.state.clear()
        parameters = dict(self._module.named_parameters())
        for key_and_name, value in _under("optimizer/", tensors).items():
            key, name = key_and_name.split("/", 1)
            parameter = parameters[name]
            state = self._optimizer.state[parameter]
            state[key] = value.detach().to(parameter.device, copy=True)
        self.step, self.best_step = numbers["step"], numbers["best_step"]
        self.dev_scores = [(step, score) for step, score in numbers["dev_scores"]]

    def _diverged(self, part: int, loss: float, norm: float) -> str:
        task = self._parts[part].task.name
        return (
            f"training diverged in stage {self._stage}, task {task}, at step {self.step + 1} of "
            f"{self.num_steps}: loss {loss}, gradient norm {norm}; lower recipe.learning_rate "
            f"(now {self._recipe.learning_rate}) or lengthen recipe.warmup"
        )


def new_head(part: TrainingPart, encoder: Encoder, seed: int) -> nn.Module:
    """The fresh head of a part, on the CPU: equal seeds give equal heads."""
    generator = stream(seed, part.task.name, "head")
    return KINDS[part.task.kind].new_head(part.task, encoder, generator)


def learning_rate(recipe: Recipe, step: int, num_steps: int) -> float:
    """Linear warm-up to the peak, then linear decay; of the step after `step` steps.

    The first step is one notch up, where transformers' schedule would waste it on a rate of 0.
    """
    warm = int(recipe.warmup * num_steps)
    rising, falling = (step + 1) / (warm + 1), (num_steps - step) / (num_steps - warm)
    return recipe.learning_rate * min(rising, falling)


def _look_steps(recipe: Recipe, num_steps: int) -> frozenset[int]:
    looks = recipe.evaluations or recipe.epochs
    return frozenset(max(1, round(num_steps * look / looks)) for look in range(1, looks + 1))


def _optimizer(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.AdamW:
    """AdamW without decay on biases and LayerNorm, which are the vectors among the parameters."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, eps=recipe.adam_epsilon, fused=True)


def _set_checkpointing(model: Any, wanted: bool) -> None:
    if wanted:
        kwargs = {"use_reentrant": False}
        model.activation_checkpointing_enable(activation_checkpointing_kwargs=kwargs)
    elif model.is_activation_checkpointing:
        model.activation_checkpointing_disable()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
