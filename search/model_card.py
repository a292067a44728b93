"""What should stand beside an exported model? Its scores with their doubts, and its recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

from analysis.best import Best
from analysis.confirmation import confirmation
from analysis.leaderboard import notes
from analysis.model_scores import model_scores
from analysis.objective import Objective
from analysis.tables import markdown
from search.study_fields import StudyConfig
from search.study_yaml import write_yaml
from search.trial_file import TrialChoice
from spaces.curriculum import EMPTY_TEXT, Curriculum, parse_curriculum
from trainables.encoder import PACKAGED
from trainables.tasks.task import MiniworldSource, Task
from trainables.trained import Taken
from trainables.workbench import Workbench

EMBEDDED = "embedded world: no finding about human languages"
"""Stands on everything that miniworld scored."""
_PHASES = {
    "confirm": "Confirmed on fresh seeds with the study's full targets.",
    "search": "Not confirmed: scores of the search, on small probes of the targets. The best of "
    "many noisy trials looks better than it is.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One exported curriculum."""

    place: int
    """1 = the best."""
    best: Best
    choice: TrialChoice
    """The repetition whose weights are exported."""
    taken: Taken


def model_card(
    exported: Exported,
    config: StudyConfig,
    frame: pd.DataFrame,
    objective: Objective,
    bench: Workbench,
) -> str:
    """The README.md of an exported curriculum, in markdown.

    Args:
        exported: what is beside the card.
        config: the study.
        frame: observations of both phases.
        objective: the study's.
        bench: knows the encoder and the recipes.
    """
    curriculum = parse_curriculum(exported.best.curriculum)
    tasks = _tasks(curriculum, config)
    parts = [
        _front_matter(config),
        f"# {config.study.name}, curriculum {exported.place:02d}\n\n`{curriculum}`",
        _summary(exported, tasks),
        "## Scores\n\n" + _scores(exported, frame, objective),
        "## Recipe\n\n" + _recipe(exported, config, curriculum, bench),
        "## Use\n\n" + _use(bench),
        "## Data\n\n" + _data(tasks),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(config: StudyConfig) -> str:
    values: dict[str, object] = {"library_name": "transformers", "tags": ["curriculum-search"]}
    if config.encoder.name.count("/") == 1:
        values["base_model"] = config.encoder.name
    return f"---\n{write_yaml(values)}---"


def _summary(exported: Exported, tasks: Sequence[tuple[Task, str]]) -> str:
    lines = [_PHASES[exported.best.phase]]
    if any(isinstance(task.source, MiniworldSource) for task, _ in tasks):
        lines.insert(0, f"> **{EMBEDDED}**\n")
    if exported.best.curriculum == EMPTY_TEXT:
        lines.append(
            "No curriculum beat the empty one: `encoder/` is the pretrained encoder as it was."
        )
    else:
        lines.append("`encoder/` is the encoder after the last stage, before any target.")
    return "\n".join(lines)


def _scores(exported: Exported, frame: pd.DataFrame, objective: Objective) -> str:
    best = exported.best
    table = model_scores(frame, objective, best.curriculum, best.phase)
    lines = [
        f"Objective on the search split: {100 * best.value:.1f}, mean over n = {len(best.seeds)} "
        f"seed{'s' * (len(best.seeds) > 1)}. Scores are times 100, means over n seeds; gains are "
        "over the empty curriculum at equal target seeds. The search split chose the curriculum, "
        "the report split chose nothing.",
        markdown(table),
    ]
    found = confirmation(frame, objective)
    if found is not None and found.winner == best.curriculum:
        lines += [
            "By target on the report split, with simultaneous 95 % intervals of the gain:",
            markdown(found.per_target),
            "\n".join(f"- {n}" for n in found.notes if not n.startswith("comparisons: ")),
        ]
    lines += [f"- {note}" for note in notes(objective)]
    return "\n\n".join(lines)


def _recipe(
    exported: Exported, config: StudyConfig, curriculum: Curriculum, bench: Workbench
) -> str:
    encoder, choice, setup = config.encoder, exported.choice, bench.setup
    packaged = " (packaged)" if encoder.name in PACKAGED else ""
    revision = f" at revision {encoder.revision}" if encoder.revision else ""
    lines = [
        f"- encoder: {encoder.name}{packaged}{revision}",
        f"- weights of stage seed {choice.stage_seed}; targets scored beside them with target "
        f"seed {choice.target_seed}",
        f"- numerics: {exported.taken.last.node.numerics or 'those of the pretrained encoder'}",
        f"- software: curriculum-search {version('curriculum-search')}",
    ]
    for number, stage in enumerate(exported.taken.stages, start=1):
        computed, entry = stage.attempts[-1]
        again = ", trained once more since it collapsed" if len(stage.attempts) > 1 else ""
        flag = ", **collapsed**" if entry.values["collapsed"] else ""
        lines.append(
            f"- stage {number}: {stage.prefix.stages[-1]}; English dev score "
            f"{100 * entry.values['score']:.1f}{again}{flag}; store key `{computed.node.key}`"
        )
    recipes: dict[str, Any] = {}
    if setup.interleave is not None:
        recipes["interleaved with every stage"] = asdict(setup.interleave)
    recipes |= {
        str(stage): asdict(setup.recipe_of_stage(stage.tasks)) for stage in curriculum.stages
    }
    for target in config.targets:
        task = config.catalogue.get(target)
        if task.kind != "retrieval":
            own = setup.recipe_of_target(task)
            recipes[f"target {target}"] = asdict(own)
    return "\n".join(lines) + f"\n\n```yaml\n{write_yaml(recipes)}```"


def _use(bench: Workbench) -> str:
    view = bench.encoder.view()
    return f"""\
```python
from transformers import AutoModel, AutoTokenizer
model, tokenizer = AutoModel.from_pretrained("encoder"), AutoTokenizer.from_pretrained("encoder")
```

There is no pooler in it. Retrieval reads hidden layer {view.layer}, pooling {view.pooling}, unless
sentence_views in config.json names another one for its target.
To train it again, or to fine-tune a target on it:

```
curriculum train curriculum.yaml
curriculum train curriculum.yaml --target TARGET
```"""


def _tasks(curriculum: Curriculum, config: StudyConfig) -> list[tuple[Task, str]]:
    get = config.catalogue.get
    stages = [(get(name), "stage") for name in dict.fromkeys(curriculum.tasks)]
    woven = config.recipe.interleave
    if stages and woven is not None:
        stages.append((get(woven.task), "interleaved"))
    return stages + [(get(name), "target") for name in config.targets]


def _data(tasks: Sequence[tuple[Task, str]]) -> str:
    rows = [
        {
            "task": task.name,
            "use": use,
            "licence": task.licence,
            "citation": task.citation,
            "declared_overlaps": ", ".join(task.overlaps),
        }
        for task, use in tasks
    ]
    return markdown(pd.DataFrame(rows))
