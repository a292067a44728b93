"""From a study file to what each trial does: sizes, rungs, languages, baselines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from search.given import Given
from search.places import Places
from search.row_counts import NONE_YET, RowCounts, row_counter
from search.study_fields import StudyConfig
from spaces.curriculum import Curriculum, Part, Stage, parse_curriculum, resolve_full
from spaces.rungs import Rung, rungs
from spaces.space import CurriculumSpace
from trainables.assignment import (
    CONFIRM,
    SEARCH,
    Assignment,
    Interleave,
    RungWork,
    Setup,
)
from trainables.data import available_languages
from trainables.recipe import Recipe
from trainables.tasks import Catalogue
from trainables.tasks.task import SplitName

SOURCE_LANGUAGE = "en"


def setup_of(config: StudyConfig, places: Places) -> Setup:
    """What all trials of the study share."""
    layers = config.encoder.retrieval_layers
    return Setup(
        run_id=places.run_id,
        encoder=config.encoder.name,
        revision=config.encoder.revision,
        retrieval_layer=config.encoder.retrieval_layer,
        retrieval_layers=layers if layers == "all" else list(layers),
        mirror=None if places.mirror is None else str(places.mirror),
        cache=str(places.cache),
        tasks=config.entries,
        skip_bad_rows=config.on_bad_row == "skip",
        store=places.store,
        store_limit_bytes=config.store.limit_gb * 1e9,
        accept_other_numerics=config.store.accept_other_numerics,
        stage_recipe=Recipe(**config.recipe.stage),
        target_recipe=Recipe(**config.recipe.target),
        task_recipes=dict(config.recipe.tasks),
        interleave=interleave_of(config),
        threads=config.resources.threads,
        device="cuda" if config.resources.gpus else "cpu",
    )


def interleave_of(config: StudyConfig) -> Interleave | None:
    """The task that every stage is trained jointly with, if the study has one."""
    woven = config.recipe.interleave
    return None if woven is None else Interleave(task=woven.task, ratio=woven.ratio)


class Planner:
    """Makes assignments of one study; row counts are looked up once.

    Args:
        config: the study.
        places: where its data are.
        counted: rows that need not be counted.
    """

    def __init__(self, config: StudyConfig, places: Places, counted: RowCounts = NONE_YET) -> None:
        self._config = config
        self.places = places
        self.num_rows = row_counter(
            config, mirror=places.mirror, cache=places.cache, counted=counted
        )
        self.space = self._space()

    @property
    def catalogue(self) -> Catalogue:
        """The tasks that the study can name."""
        return self._config.catalogue

    @property
    def num_rungs(self) -> int:
        """Rungs of a search trial."""
        return len(self.rungs)

    def given(self) -> Given:
        """Baselines: none, each task alone at its largest size, all jointly, the study's own.

        The joint one has the largest sizes with which it is no longer than a curriculum may be.
        """
        tasks = self.space.usable
        singles = tuple(_single(task, self.space.sizes_of(task)[-1]) for task in tasks)
        others = [self.resolved(text) for text in self._config.space.given]
        return Given(
            empty=Curriculum(),
            singles=singles,
            joint=self._joint() if len(tasks) > 1 else None,
            others=tuple(others),
            noise_seeds=tuple(self._config.seeds.noise),
        )

    def resolved(self, text: str) -> Curriculum:
        """A curriculum in text form with `full` as a number."""
        curriculum = parse_curriculum(text)
        return resolve_full(curriculum, {task: self.train_size(task) for task in curriculum.tasks})

    def search(self, curriculum: Curriculum, role: str, seed: int | None) -> Assignment:
        """A trial of the search; `seed` replaces both of the study's seeds (noise)."""
        seeds = self._config.seeds
        return Assignment(
            phase=SEARCH,
            role=role,
            curriculum=str(curriculum),
            stage_seed=seeds.stage if seed is None else seed,
            target_seed=seeds.target if seed is None else seed,
            rungs=self._search_work(curriculum),
        )

    def confirm(
        self, curriculum: Curriculum, role: str, seed: int, *, split: SplitName, **changes: Any
    ) -> Assignment:
        """A curriculum with full targets on a fresh seed, scored on one split."""
        languages = self._search_languages if split == "search" else self._report_languages
        work = RungWork(
            index=0,
            scale=1.0,
            curriculum=str(curriculum),
            train_examples={t: self._num_train(t, self._config.full.train) for t in self._targets},
            metrics=self._metrics,
            eval_items=_number(self._config.full.eval),
            splits={split: languages},
        )
        return Assignment(
            phase=CONFIRM,
            role=role,
            curriculum=str(curriculum),
            stage_seed=seed,
            target_seed=seed,
            rungs=(work,),
            **changes,
        )

    def train_size(self, task: str) -> int:
        """English training rows that are really there."""
        return self.num_rows(self.catalogue.get(task))

    def num_trained(self, curriculum: Curriculum) -> int:
        """Examples of all stages, those of the interleaved task included."""
        woven, total = interleave_of(self._config), curriculum.num_examples
        if woven is not None:
            rows = self.train_size(woven.task)
            added = [woven.part(stage, rows) for stage in curriculum.stages]
            total += sum(part.num_examples for part in added if part is not None)
        return total

    def languages(self, split: SplitName) -> dict[str, list[str]]:
        """Languages scored, by target."""
        return self._search_languages if split == "search" else self._report_languages

    @property
    def _targets(self) -> Sequence[str]:
        return self._config.targets

    def _space(self) -> CurriculumSpace:
        space = self._config.space
        sizes = {
            task: tuple(sorted({_number(size) or self.train_size(task) for size in space.sizes}))
            for task in space.tasks
        }
        return CurriculumSpace(
            tasks=tuple(space.tasks),
            sizes=sizes,
            max_stages=space.max_stages,
            joint=space.joint,
            repeats=space.repeats,
            required=tuple(space.required),
            forbidden=tuple(space.forbidden),
        )

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """Comparison points of a search trial."""
        stopping = self._config.stopping
        if stopping is None:
            return rungs("targets", num_rungs=1, reduction_factor=3, max_stages=1)
        return rungs(
            stopping.rungs,
            num_rungs=stopping.num_rungs,
            reduction_factor=stopping.reduction_factor,
            max_stages=self._config.space.max_stages,
        )

    def _search_work(self, curriculum: Curriculum) -> tuple[RungWork, ...]:
        probe = self._config.probe
        full = {target: self._num_train(target, probe.train) for target in self._targets}
        return tuple(
            RungWork(
                index=rung.index,
                scale=rung.target_scale,
                curriculum=str(rung.part_of(curriculum)),
                train_examples={t: rung.probe_examples(n) for t, n in full.items()},
                metrics=self._metrics,
                eval_items=_number(probe.eval),
                splits={"search": self._search_languages},
            )
            for rung in self.rungs
        )

    @property
    def _metrics(self) -> dict[str, str]:
        return {target: self.catalogue.get(target).metric for target in self._targets}

    def _num_train(self, target: str, wanted: int | str) -> int:
        """Training examples of a target: at most what is there; 0 for retrieval."""
        task = self.catalogue.get(target)
        if task.kind == "retrieval":
            return 0
        rows = self.train_size(task.train_task or target)
        return min(_number(wanted) or rows, rows)

    @cached_property
    def _search_languages(self) -> dict[str, list[str]]:
        """Those that the objective reads, and English for the transfer gap."""
        select = self._config.objective.select
        wanted = {"english": [], "proxy": list(self._config.languages.proxy)}.get(select)
        return {target: self._there(target, "search", wanted) for target in self._targets}

    @cached_property
    def _report_languages(self) -> dict[str, list[str]]:
        """Those to be reported, and English; of all also the proxies, for a benchmark's average."""
        report = self._config.languages.report
        wanted = None if report == "all" else list(report)
        return {target: self._there(target, "report", wanted) for target in self._targets}

    def _there(self, target: str, split: SplitName, wanted: Sequence[str] | None) -> list[str]:
        """English and the wanted languages (None: all) that the target has, in its order."""
        task = self.catalogue.get(target)
        languages = available_languages(task, split, self.places.mirror)
        keep = languages if wanted is None else {SOURCE_LANGUAGE, *wanted}
        return [language for language in languages if language in keep]

    def _joint(self) -> Curriculum:
        tasks = self.space.usable
        levels = max(len(self.space.sizes_of(task)) for task in tasks)
        most = self.space.max_stages * max(self.space.sizes_of(task)[-1] for task in tasks)
        for level in reversed(range(levels)):
            parts = [Part(t, self.space.sizes_of(t)[: level + 1][-1]) for t in tasks]
            if sum(part.num_examples for part in parts) <= most:
                break
        return Curriculum((Stage(tuple(parts)),))


def _single(task: str, size: int) -> Curriculum:
    return Curriculum((Stage((Part(task, size),)),))


def _number(size: int | str) -> int:
    """A size as a number; 0 stands for all."""
    return 0 if isinstance(size, str) else size
