"""LogME, H-score and MMD against slow references and cases whose answer is known."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from trainables.features.distances import mean_cosine, parallel, squared_mmd
from trainables.features.evidence import h_score, logme, shrunk_h_score


def labelled(num, dimensions, *, classes=3, signal=1.0, seed=0):
    """Features whose first dimensions lean to their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=num)
    features = rng.normal(size=(num, dimensions)) * rng.uniform(0.5, 2, size=dimensions)
    features[np.arange(num), labels] += signal
    return features, labels


def largest_evidence(features, y):
    """log N(y; 0, I / noise + F F' / prior), its largest value over both precisions."""
    gram = features @ features.T

    def negative(log_precisions):
        prior, noise = np.exp(log_precisions)
        covariance = np.eye(len(y)) / noise + gram / prior
        _, log_determinant = np.linalg.slogdet(covariance)
        explained = y @ np.linalg.solve(covariance, y)
        return (len(y) * math.log(2 * math.pi) + log_determinant + explained) / 2

    starts = [(0.0, 0.0), (3.0, 1.0), (6.0, 2.0)]
    return -min(minimize(negative, x, method="Nelder-Mead").fun for x in starts)


@pytest.mark.parametrize(("num", "dimensions"), [(80, 6), (40, 40), (30, 90)])
@pytest.mark.parametrize("signal", [0.5, 3.0])
def test_logme_is_the_largest_marginal_likelihood(num, dimensions, signal):
    features, labels = labelled(num, dimensions, signal=signal)
    wanted = [
        largest_evidence(features, (labels == c).astype(float)) / num for c in np.unique(labels)
    ]
    assert logme(features, labels) == pytest.approx(np.mean(wanted), abs=1e-4)


def test_logme_is_free_of_scale_and_rotation():
    features, labels = labelled(60, 8)
    turned = features @ np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    assert logme(10 * features, labels) == pytest.approx(logme(features, labels), abs=1e-6)
    assert logme(turned, labels) == pytest.approx(logme(features, labels), abs=1e-6)


@pytest.mark.parametrize("measure", [logme, h_score, shrunk_h_score])
def test_features_that_tell_classes_apart_score_higher(measure):
    scores = [measure(*labelled(300, 10, signal=signal)) for signal in (0.0, 1.0, 3.0)]
    assert scores == sorted(scores)
    assert scores[2] > scores[0] + 0.05


def test_logme_of_features_that_say_nothing_is_finite():
    labels = np.arange(50) % 2
    assert math.isfinite(logme(np.zeros((50, 4)), labels))
    assert math.isfinite(logme(np.eye(2)[labels], labels))


def covariance(rows):
    """By its definition, one pair of columns after the other."""
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    size = len(mean)
    return [
        [sum((r[i] - mean[i]) * (r[j] - mean[j]) for r in rows) / len(rows) for j in range(size)]
        for i in range(size)
    ]


def class_means(features, labels):
    return [features[labels == label].mean(axis=0).tolist() for label in labels]


def test_h_score_is_its_definition():
    features, labels = labelled(70, 5)
    within = np.linalg.inv(covariance(features.tolist()))
    between = np.array(covariance(class_means(features, labels)))
    assert h_score(features, labels) == pytest.approx(np.trace(within @ between))


@pytest.mark.parametrize(("num", "dimensions"), [(70, 5), (30, 60)])
def test_shrunk_h_score_takes_the_covariance_of_ledoit_and_wolf(num, dimensions):
    estimators = pytest.importorskip("sklearn.covariance")
    features, labels = labelled(num, dimensions)
    shrunk, shrinkage = estimators.ledoit_wolf(features)
    between = np.array(covariance(class_means(features, labels)))
    wanted = (1 - shrinkage) * np.trace(np.linalg.inv(shrunk) @ between)
    assert shrunk_h_score(features, labels) == pytest.approx(wanted)


def test_h_score_of_perfect_features_is_classes_minus_one():
    labels = np.arange(60) % 4
    assert h_score(np.eye(4)[labels], labels) == pytest.approx(3)


def test_h_score_with_more_dimensions_than_items_says_nothing():
    features, labels = labelled(20, 50, signal=0.0)
    assert h_score(features, labels) == pytest.approx(2)
    assert shrunk_h_score(features, labels) < 1


@pytest.mark.parametrize("measure", [logme, h_score, shrunk_h_score])
def test_one_class_is_refused(measure):
    with pytest.raises(ValueError, match="one label"):
        measure(np.eye(3), np.zeros(3, dtype=int))


def slow_mmd(a, b):
    pooled = [*a, *b]
    apart = [math.dist(x, y) for i, x in enumerate(pooled) for j, y in enumerate(pooled) if i < j]
    width = float(np.median(apart))

    def kernel(x, y):
        return math.exp(-(math.dist(x, y) ** 2) / (2 * width**2))

    def others(cloud):
        pairs = [(x, y) for i, x in enumerate(cloud) for j, y in enumerate(cloud) if i != j]
        return sum(kernel(x, y) for x, y in pairs) / len(pairs)

    across = sum(kernel(x, y) for x in a for y in b) / (len(a) * len(b))
    return others(a) + others(b) - 2 * across


def test_mmd_is_the_unbiased_estimator():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)) + 1
    assert squared_mmd(a, b) == pytest.approx(slow_mmd(a.tolist(), b.tolist()))


def test_mmd_is_zero_on_average_for_one_distribution_and_grows_with_the_shift():
    rng = np.random.default_rng(0)
    same = [squared_mmd(*rng.normal(size=(2, 30, 4))) for _ in range(200)]
    standard_error = np.std(same) / math.sqrt(len(same))
    assert abs(np.mean(same)) < 3 * standard_error
    assert min(same) < 0
    base = rng.normal(size=(60, 4))
    shifted = [squared_mmd(base, rng.normal(size=(60, 4)) + shift) for shift in (0, 0.5, 2)]
    assert shifted == sorted(shifted)


def test_mmd_of_equal_items_is_zero_and_of_one_item_is_refused():
    assert squared_mmd(np.ones((3, 2)), np.ones((4, 2))) == pytest.approx(0)
    with pytest.raises(ValueError, match="at least 2"):
        squared_mmd(np.ones((1, 2)), np.ones((4, 2)))


def test_translations_that_lie_on_each_other_are_found():
    english = np.random.default_rng(0).normal(size=(20, 8))
    found = parallel(english, 3 * english)
    assert (found.accuracy, found.cosine) == pytest.approx((1, 1))
    backwards = parallel(english, english[::-1])
    assert backwards.accuracy == 0
    assert backwards.margin < found.margin


def test_margin_is_free_of_a_common_direction():
    rng = np.random.default_rng(0)
    english, foreign = rng.normal(size=(2, 50, 8)) + 10
    found = parallel(english, foreign)
    assert found.cosine > 0.9
    assert abs(found.margin) < 0.01
    assert mean_cosine(english, foreign) > 0.99
