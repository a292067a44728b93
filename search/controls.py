"""What stands beside the winner? The same tasks in other ways, and no stages in other ways."""

from __future__ import annotations

from typing import Any

from search.assignments import Planner
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum, Part, Stage
from trainables.assignment import Assignment
from trainables.recipe import Recipe


def controls_of(
    winner: Curriculum, planner: Planner, config: StudyConfig, seed: int
) -> list[Assignment]:
    """What stands beside the winner: its tasks jointly, its stages reversed, other empty ones."""
    make = planner.confirm
    report: dict[str, Any] = {"split": "report"}
    empty = Curriculum()
    stage_epochs = Recipe(**config.recipe.stage).epochs
    found = [
        make(empty, "control", seed, variant=f"lr x{f:g}", learning_rate_factor=f, **report)
        for f in config.confirm.learning_rates
    ]
    if len(winner):
        extra = planner.num_trained(winner) * stage_epochs
        found.append(
            make(empty, "control", seed, variant="equal examples", extra_examples=extra, **report)
        )
    if len(winner) > 1:
        backwards = Curriculum(tuple(reversed(winner.stages)))
        found.append(make(backwards, "control", seed, variant="reversed", **report))
        if (joint := _jointly(winner)) is not None:
            found.append(make(joint, "control", seed, variant="jointly", **report))
    return found


def _jointly(curriculum: Curriculum) -> Curriculum | None:
    """All stages as one mixture with the same examples; a task that comes twice is summed."""
    examples: dict[str, int] = {}
    for stage in curriculum.stages:
        for part in stage.parts:
            examples[part.task] = examples.get(part.task, 0) + part.num_examples
    if len(examples) < 2:
        return None
    return Curriculum((Stage(tuple(Part(task, n) for task, n in examples.items())),))
