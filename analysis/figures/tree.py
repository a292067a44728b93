"""Which curricula were tried? A tree in which every shared prefix is drawn once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from analysis.figures.style import FADED, INK, MUTED, POINTS, score_colours
from spaces.curriculum import EMPTY_TEXT, Curriculum, parse_curriculum

LONGEST_LABEL = 36
"""Characters of a stage."""
MOST_LEAVES = 150
"""Beyond, the curricula with the lowest scores are left out, and the axes say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A prefix: of itself a curriculum that was tried, or only the beginning of some."""

    text: str
    parent: str | None
    depth: int
    y: float
    score: float | None
    """In [0, 1] at the last rung that it reached; None where it was not tried alone."""
    stopped: bool


def tree_nodes(scores: Mapping[str, float], stopped: frozenset[str]) -> list[TreeNode]:
    """Places of all prefixes: depth is the number of stages, leaves stand below one another.

    Args:
        scores: of every curriculum that was tried, by its text.
        stopped: those that did not run to the end.
    """
    children: dict[str, list[str]] = {}
    for text in scores:
        for parent, child in _steps(parse_curriculum(text)):
            siblings = children.setdefault(parent, [])
            if child not in siblings:
                siblings.append(child)
    heights: dict[str, float] = {}
    _place(EMPTY_TEXT, children, heights)
    parents = {child: parent for parent, own in children.items() for child in own}
    return [
        TreeNode(
            text=text,
            parent=parents.get(text),
            depth=len(parse_curriculum(text)),
            y=y,
            score=scores.get(text),
            stopped=text in stopped,
        )
        for text, y in heights.items()
    ]


def draw_tree(axes: Axes, ranked: pd.DataFrame, stopped: pd.DataFrame) -> None:
    """The tree, coloured by score; stopped curricula are faded.

    Args:
        axes: to draw on; its figure should be `tree_height` inches high.
        ranked: columns curriculum and score, of those that ran to the end.
        stopped: the same of the others.
    """
    scores, ended_early, left_out = _shown(ranked, stopped)
    nodes = {node.text: node for node in tree_nodes(scores, ended_early)}
    colours, norm = score_colours(), Normalize(min(scores.values()), max(scores.values()))
    for node in nodes.values():
        if node.parent is not None:
            before = nodes[node.parent]
            axes.plot(
                [before.depth, before.depth + 0.12, node.depth],
                [before.y, node.y, node.y],
                color=MUTED,
                linewidth=0.8,
                zorder=1,
                alpha=FADED if node.stopped else 1,
            )
        alpha = FADED if node.stopped else 1.0
        colour = MUTED if node.score is None else colours(norm(node.score))
        size = 10 if node.score is None else 42
        axes.scatter(node.depth, node.y, s=size, color=colour, alpha=alpha, zorder=2)
        axes.annotate(
            _label(node),
            (node.depth, node.y),
            xytext=(-5, 3),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color=INK,
            alpha=0.55 if node.stopped else 1,
        )
    depth = max(node.depth for node in nodes.values())
    axes.set_xlim(-0.55, depth + 0.15)
    axes.set_ylim(max(node.y for node in nodes.values()) + 0.8, -0.8)
    axes.set_xticks(range(depth + 1))
    axes.set_xlabel("stages" + (f"; the {left_out} lowest are left out" if left_out else ""))
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    _colour_bar(axes, norm)


def tree_height(ranked: pd.DataFrame, stopped: pd.DataFrame) -> float:
    """Inches that the tree needs."""
    scores, ended_early, _ = _shown(ranked, stopped)
    leaves = max(node.y for node in tree_nodes(scores, ended_early)) + 1
    return 1.2 + 0.2 * leaves


def _shown(
    ranked: pd.DataFrame, stopped: pd.DataFrame
) -> tuple[dict[str, float], frozenset[str], int]:
    both = pd.concat([ranked[["curriculum", "score"]], stopped[["curriculum", "score"]]])
    best = both.sort_values("score", ascending=False, kind="stable")
    kept = best.head(MOST_LEAVES).sort_values("curriculum", kind="stable")
    scores = dict(zip(kept["curriculum"].astype(str), kept["score"].astype(float), strict=True))
    return scores, frozenset(stopped["curriculum"]) & set(scores), len(both) - len(kept)


def _steps(curriculum: Curriculum) -> list[tuple[str, str]]:
    texts = [str(prefix) if len(prefix) else EMPTY_TEXT for prefix in curriculum.prefixes()]
    return list(pairwise(texts))


def _place(text: str, children: Mapping[str, list[str]], heights: dict[str, float]) -> float:
    """Leaves one below the other; a parent stands at its first child."""
    own = children.get(text, [])
    heights[text] = 0.0  # keeps parents before children
    if own:
        heights[text] = min(_place(child, children, heights) for child in own)
    else:
        heights[text] = 1.0 + max((y for t, y in heights.items() if t != text), default=-1.0)
    return heights[text]


def _label(node: TreeNode) -> str:
    name = node.text.rsplit(" > ", 1)[-1]
    if len(name) > LONGEST_LABEL:
        name = f"{name[: LONGEST_LABEL - 12]}… ({name.count('+') + 1} tasks)"
    return name if node.score is None else f"{name}  {POINTS * node.score:.1f}"


def _colour_bar(axes: Axes, norm: Normalize) -> None:
    from matplotlib.cm import ScalarMappable

    in_points = Normalize(POINTS * norm.vmin, POINTS * norm.vmax)  # type: ignore[operator]
    bar = axes.figure.colorbar(
        ScalarMappable(in_points, score_colours()), ax=axes, shrink=0.5, aspect=30, pad=0.01
    )
    bar.set_label("score, points")
