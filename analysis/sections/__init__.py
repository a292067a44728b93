"""What does a study teach? One section of the report per question, where the data allow it.

Each takes the evidence of a study and gives a section, or a text that says why it cannot: what was
not repeated, or not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analysis.evidence import Evidence
from analysis.report_parts import Section
from analysis.sections.linguistic import linguistic_section
from analysis.sections.morphology import morphology_section
from analysis.sections.order import order_section
from analysis.sections.semantic import semantic_section
from analysis.sections.size import size_section

STUDIES: Mapping[str, Callable[[Evidence], Section | str]] = {
    "order": order_section,
    "size": size_section,
    "morphology": morphology_section,
    "semantic": semantic_section,
    "linguistic": linguistic_section,
}
"""By the name that a study's `asks` has."""
