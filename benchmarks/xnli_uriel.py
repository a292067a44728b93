"""Does published zero-shot accuracy on XNLI go with a language's distance from English?

    python -m benchmarks.xnli_uriel [--write]

Nothing is trained: accuracies of two encoders that were fine-tuned on English alone, by language,
against the distances of URIEL+ and text in CC-100, by the same functions as the report's study of
languages. The outcome is the transfer gap, English minus the language; intermediate tasks have no
part in it. Prints the tables; `--write` writes docs/measured/xnli_uriel.md and its figure.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context

from analysis.evidence import SEED
from analysis.features import as_features
from analysis.objective import ENGLISH
from analysis.sections.language_parts import (
    association_of,
    associations_table,
    predictions_table,
    typology_picture,
)
from analysis.studies.associations import Association, Outcome, associate
from analysis.studies.language_covariates import CC100, FLOOR, Covariates, language_covariates
from analysis.studies.linguistic import headline_of, predictions
from analysis.tables import markdown
from analysis.uriel import DISTANCES, VERSION, uriel_distances
from search.language_features import fact_rows
from trainables.features.wanted import Row, feature_row

RESULT = Path("docs/measured/xnli_uriel.md")
FIGURE = RESULT.with_suffix(".svg")
SOURCE = "https://huggingface.co/microsoft/mdeberta-v3-base"
"""Its table of XNLI, cross-lingual transfer: fine-tuned on English alone."""
LANGUAGES = (
    *("en", "fr", "es", "de", "el", "bg", "ru", "tr"),
    *("ar", "vi", "th", "zh", "hi", "sw", "ur"),
)
ACCURACIES = {
    "XLM-R base": "85.8 79.7 80.7 78.7 77.5 79.6 78.1 74.2 73.8 76.5 74.6 76.7 72.4 66.5 68.3",
    "mDeBERTa v3 base": (
        "88.2 82.6 84.4 82.7 82.3 82.4 80.8 79.5 78.5 78.1 76.4 79.5 75.9 73.9 72.4"
    ),
}
"""By model, in percent, in the order of LANGUAGES."""
PRINTED_MEANS = {"XLM-R base": 76.2, "mDeBERTa v3 base": 79.8}
"""The table's own means over all 15 languages: what a slip of copying would break."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help=f"write {RESULT} and {FIGURE}")
    given = parser.parse_args()
    outcomes = [gap(model) for model in ACCURACIES]
    known = language_covariates(as_features(rows()), LANGUAGES[1:])
    headline = headline_of(known)
    found, families = associate(
        outcomes, known.table, headline=headline, rng=np.random.default_rng(SEED)
    )
    notes = [family.note for family in families]
    text = report(outcomes, known, headline, found, notes)
    print(text)
    if given.write:
        RESULT.write_text(text, encoding="utf-8")
        panels = {own.name: own for own in outcomes}
        figure = typology_picture(panels, known, found, headline, name="xnli").figure
        with rc_context({"svg.hashsalt": FIGURE.stem}):  # the same bytes each time
            figure.savefig(FIGURE, metadata={"Date": None}, facecolor="white")


def gap(model: str) -> Outcome:
    """English minus the language, in [-1, 1]."""
    accuracy = pd.Series([float(x) / 100 for x in ACCURACIES[model].split()], index=LANGUAGES)
    values = (accuracy[ENGLISH] - accuracy).drop(ENGLISH)
    return Outcome(name=f"gap of {model}", group="gap", values=values)


def rows() -> list[Row]:
    """Features of the languages, as `curriculum features` has them."""
    found = uriel_distances(LANGUAGES)
    distances = [
        feature_row(
            f"distance_{kind}",
            {"language": code, "other": ENGLISH},
            float(found.table.loc[code, kind]),
            n=int(found.features.loc[code, kind]),
            note=f"URIEL+ {found.version}" if found.features.loc[code, kind] else "nothing shared",
        )
        for code in found.table.index
        for kind in DISTANCES
    ]
    return [*fact_rows(LANGUAGES), *distances]


def report(
    outcomes: list[Outcome],
    known: Covariates,
    headline: str,
    found: tuple[Association, ...],
    notes: list[str],
) -> str:
    """The page."""
    table = associations_table(found)
    skill = predictions_table({own.name: predictions(own.values, known.table) for own in outcomes})
    columns = [
        *("outcome", "covariate", "slope", "slope_low", "slope_high", "spearman", "spearman_low"),
        *("spearman_high", "given", "n", "left_out", "p_value", "p_adjusted", "given_p_adjusted"),
    ]
    said = [sentence(association_of(found, own.name, headline)) for own in outcomes]
    today = datetime.datetime.now(tz=datetime.UTC).date()
    date = f"{today.day} {today:%B %Y}"
    return "\n\n".join(
        [
            "# Published XNLI accuracy and distance from English",
            f"{date}, `python -m benchmarks.xnli_uriel`. Nothing was trained: accuracies of "
            f"{' and '.join(ACCURACIES)}, fine-tuned on English, from {SOURCE}; distances of "
            f"URIEL+ {VERSION}, of at least {FLOOR} shared features; text in CC-100. The outcome "
            "is the transfer gap (English minus the language, points): intermediate tasks have no "
            "part in it. The two encoders were scored on the same languages and items, so the "
            "second is no independent confirmation.",
            *said,
            f"![Gap by {headline}]({FIGURE.name})",
            "## Correlations",
            f"Slopes in points per unit of the covariate; `given`: partial Spearman given {CC100} "
            f"(of that itself, given the {headline}); intervals of 95 %; {'; '.join(notes)}.",
            markdown(table[columns]),
            "## Each language predicted from the others",
            "Mean absolute error in points of a straight line on the covariate, and of the mean; "
            "skill is the share saved.",
            markdown(skill.drop(columns="note")),
            "## Missing",
            markdown(known.missing),
            "",
        ]
    )


def sentence(own: Association) -> str:
    slope, rho = own.alone.slope, own.alone.spearman
    assert slope.low is not None and slope.high is not None
    mean, low, high = (10 * x for x in (slope.mean, slope.low, slope.high))
    return (
        f"Per 0.1 of {own.covariate} the {own.outcome} grows by {mean:.1f} points (95 % interval "
        f"{low:.1f} to {high:.1f}); Spearman {rho.mean:+.2f} ({rho.low:+.2f} to {rho.high:+.2f}); "
        f"{own.alone.languages} languages."
    )


if __name__ == "__main__":
    main()
