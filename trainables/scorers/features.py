"""How well are the features of words found? Micro F1 over pairs of a word and a feature.

Source: evaluation script of SIGMORPHON 2019 task 2 (McCarthy et al. 2019, W19-4226): a feature is
right where the word has it, "_" (none) is no feature, and counts are summed over all words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trainables.scorers.accuracy import accuracy


def feature_f1(gold: Sequence[Collection[str]], predicted: Sequence[Collection[str]]) -> float:
    """Micro F1 in [0, 1] over sets of features, one per word; 0 without any that is right.

    Raises:
        ValueError: if there are not as many predicted sets as words.
    """
    right = sum(len(set(g) & set(p)) for g, p in _pairs(gold, predicted))
    if not right:
        return 0.0
    wanted, found = (sum(len(set(word)) for word in words) for words in (gold, predicted))
    precision, recall = right / found, right / wanted
    return 2 * precision * recall / (precision + recall)


def set_accuracy(gold: Sequence[Collection[str]], predicted: Sequence[Collection[str]]) -> float:
    """Share of words whose whole set is right, in [0, 1].

    Raises:
        ValueError: if there are no words, or not as many predicted sets.
    """
    return accuracy(*([frozenset(word) for word in words] for words in (gold, predicted)))


def _pairs(
    gold: Sequence[Collection[str]], predicted: Sequence[Collection[str]]
) -> Sequence[tuple[Collection[str], Collection[str]]]:
    if len(gold) != len(predicted):
        raise ValueError(f"got features of {len(predicted)} words, wanted {len(gold)}")
    return list(zip(gold, predicted, strict=True))
