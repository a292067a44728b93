"""How is one stage or target fine-tuned? The hyper-parameters, checked.

Defaults are those of the X-STILTs authors' code (jiant, `jiant/shared/model_setup.py` and
`jiant/proj/simple/runscript.py`), which literature.md 1.2 lists.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Precision = Literal["auto", "float32", "bfloat16"]
Sampling = Literal["proportional", "capped", "temperature", "uniform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything about an optimisation that moves weights, except data and seed."""

    learning_rate: float = 1e-5
    """Peak of the schedule, reached after the warm-up; then linear decay to 0."""
    epochs: int = 3
    batch_size: int = 32
    """Features per optimizer step."""
    micro_batch: int = 32
    """Features per forward pass; gradients are accumulated over batch_size / micro_batch."""
    warmup: float = 0.1
    """Fraction of the optimizer steps."""
    weight_decay: float = 0.01
    """None on biases and LayerNorm."""
    adam_epsilon: float = 1e-8
    clip: float = 1.0
    """Largest norm of the gradient of all parameters together."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time."""
    precision: Precision = "auto"
    """auto: bfloat16 autocast where a GPU supports it, else float32."""
    length_window: int = 50
    """Batches that are shuffled together and then cut by length, so that padding is short."""
    evaluations: int | None = None
    """Looks at the English dev set when the best step is kept; None: one per epoch."""
    sampling: Sampling = "proportional"
    """How often the tasks of a joint stage come, n being a task's examples. proportional: by n;
    capped: by the smaller of n and sampling_cap; temperature: by n to the power of
    1 / sampling_temperature; uniform: equally. Without effect on one task."""
    sampling_cap: int | None = None
    """Examples beyond which a task comes no more often; for capped alone."""
    sampling_temperature: float | None = None
    """1 is proportional, infinity would be uniform; for temperature alone."""

    def __post_init__(self) -> None:
        problems = [
            f"recipe.{name} is {getattr(self, name)!r}; wanted {wanted}"
            for name, wanted, is_right in _RULES
            if not is_right(getattr(self, name))
        ]
        if not problems and self.batch_size % self.micro_batch:
            problems.append(
                f"recipe.micro_batch is {self.micro_batch}, which does not divide "
                f"recipe.batch_size {self.batch_size}; choose a divisor"
            )
        problems += [] if problems else _sampling_problems(self)
        if problems:
            raise ValueError("; ".join(problems))


def _sampling_problems(recipe: Recipe) -> list[str]:
    """A mode without its number, or a number without its mode."""
    numbers = {
        "capped": ("sampling_cap", recipe.sampling_cap),
        "temperature": ("sampling_temperature", recipe.sampling_temperature),
    }
    problems = []
    for mode, (name, value) in numbers.items():
        if recipe.sampling == mode and value is None:
            problems.append(
                f"recipe.{name} is not given, but recipe.sampling is {mode}; give {name}"
            )
        if recipe.sampling != mode and value is not None:
            problems.append(
                f"recipe.{name} is {value}, but recipe.sampling is {recipe.sampling}; leave "
                f"{name} out, or take {mode}"
            )
    return problems


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_RULES = (
    ("learning_rate", "a number above 0", lambda v: _is_number(v) and v > 0),
    ("epochs", "a whole number, at least 1", _is_count),
    ("batch_size", "a whole number, at least 1", _is_count),
    ("micro_batch", "a whole number, at least 1", _is_count),
    ("warmup", "a fraction from 0 up to, not including, 1", lambda v: _is_number(v) and 0 <= v < 1),
    ("weight_decay", "a number, at least 0", lambda v: _is_number(v) and v >= 0),
    ("adam_epsilon", "a number above 0", lambda v: _is_number(v) and v > 0),
    ("clip", "a number above 0", lambda v: _is_number(v) and v > 0),
    ("precision", "auto, float32 or bfloat16", lambda v: v in ("auto", "float32", "bfloat16")),
    ("length_window", "a whole number, at least 1", _is_count),
    ("evaluations", "a whole number, at least 1, or none", lambda v: v is None or _is_count(v)),
    ("sampling", " or ".join(get_args(Sampling)), lambda v: v in get_args(Sampling)),
    ("sampling_cap", "a whole number, at least 1, or none", lambda v: v is None or _is_count(v)),
    (
        "sampling_temperature",
        "a number, at least 1, or none",
        lambda v: v is None or (_is_number(v) and v >= 1),
    ),
)
