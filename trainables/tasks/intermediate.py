"""Which English tasks can be stages of a curriculum? All of them, by form."""

from __future__ import annotations

from trainables.tasks.english_classification import CLASSIFICATION
from trainables.tasks.english_questions import QUESTIONS
from trainables.tasks.english_tagging import TAGGING
from trainables.tasks.task import Task

INTERMEDIATE: tuple[Task, ...] = (*CLASSIFICATION, *QUESTIONS, *TAGGING)
