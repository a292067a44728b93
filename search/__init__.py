"""The study: `from search import Study`. Loaded when it is asked for, since it is large."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.study_api import Study

__all__ = ["Study"]


def __getattr__(name: str) -> Any:
    if name != "Study":
        raise AttributeError(f"module 'search' has no attribute {name!r}")
    from search.study_api import Study

    return Study
