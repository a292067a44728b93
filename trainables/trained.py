"""What did training give, to be taken away? The encoder after the stages, or a target's model.

Weights come from the store, or are computed again where they were evicted: both give the same bits
in one numerics class. They are put into the workbench's encoder, as everything that trains is.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from torch import nn

from spaces.curriculum import parse_curriculum
from trainables.assignment import RungWork
from trainables.encoder import load_tensors
from trainables.keys import Node
from trainables.nodes import Computed, Event, Trial, as_found, pretrained, weights_of
from trainables.steps import load_with_head, target_training
from trainables.tasks.task import Task
from trainables.train import TrainedStage, train_encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is in the workbench's encoder now."""

    stages: list[TrainedStage]
    """In order; of each the last attempt counts."""
    last: Computed
    """The node of the encoder after the last stage, or of the pretrained one."""

    @property
    def nodes(self) -> list[Node]:
        """The stages' nodes, all attempts."""
        return [computed.node for stage in self.stages for computed, _ in stage.attempts]


def take_encoder(trial: Trial, work: RungWork) -> Generator[Event, None, Taken]:
    """Put the encoder after the last stage of `work` into `trial.bench.encoder`."""
    curriculum = parse_curriculum(work.curriculum)
    stages = yield from train_encoder(trial, curriculum, trial.assignment.stage_seed)
    last = as_found(*stages[-1].attempts[-1]) if stages else pretrained(trial)
    load_tensors(trial.bench.encoder.model, (yield from weights_of(trial, last)))
    return Taken(stages=stages, last=last)


def take_target(trial: Trial, work: RungWork, target: Task) -> Generator[Event, None, nn.Module]:
    """Put the encoder of a fine-tuned target into `trial.bench.encoder`, and give its head."""
    taken = yield from take_encoder(trial, work)
    model = target_training(trial, taken.last, target, work)
    return load_with_head(trial.bench, target, (yield from weights_of(trial, model)))
