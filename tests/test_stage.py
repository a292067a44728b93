"""One training loop: resumable to the bit, paired by seed, honest about divergence."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from trainables.batches import (
    TrainingPart,
    epoch_plan,
    joint_name,
    num_trained,
    steps_per_epoch,
)
from trainables.encoded import encoded
from trainables.encoder import encoder_tensors, load_encoder
from trainables.evaluate import evaluate
from trainables.kinds import KINDS
from trainables.precision import autocast_dtype
from trainables.recipe import Recipe
from trainables.sampling import batches_per_epoch
from trainables.stage import FineTuning, TrainingDiverged, learning_rate
from trainables.streams import stream

TRAINED = sorted(name for name, kind in KINDS.items() if kind.trains)
RECIPE = Recipe(learning_rate=1e-3, epochs=2, batch_size=16, micro_batch=8, length_window=3)


@pytest.fixture(scope="module")
def part_of(tiny_tasks, tiny_rows, tiny_folder, tmp_path_factory):
    """A training part of the tiny task of a kind."""
    folder, tokenizer = tmp_path_factory.mktemp("encoded"), load_encoder(str(tiny_folder)).tokenizer

    def make(name, num_rows=70):
        rows, task = tiny_rows(name, num_rows), tiny_tasks[name]
        data = encoded(rows, task, tokenizer, 32, folder, f"{name}-{num_rows}")
        return TrainingPart(task=task, encoded=data, rows=np.arange(num_rows))

    return make


@pytest.fixture
def tuning(tiny_folder, part_of):
    """A training of the given kinds on a fresh tiny encoder."""

    def make(*names, recipe=RECIPE, seed=1, dev=False, **others):
        encoder = load_encoder(str(tiny_folder))
        parts = [part_of(name) for name in names or ("classification",)]
        return FineTuning(
            encoder, parts, recipe=recipe, seed=seed, dev_score=wavering if dev else None, **others
        )

    return make


def wavering(tuning):
    """A dev score that depends on the weights, disturbs everything it can, and is best midway."""
    torch.manual_seed(tuning.step)
    tuning.encoder.model.eval()
    weight = next(tuning.heads.parameters())
    return weight.abs().mean().item() + (1.0 if tuning.step == 6 else 0.0)


def state(tuning):
    return {name: tensor.numpy().tobytes() for name, tensor in tuning.tensors().items()}


def drive(tuning, num_steps=None):
    steps = []
    for step in tuning:
        steps.append(step)
        if len(steps) == num_steps:
            break
    return steps


@pytest.mark.parametrize("dev", [False, True], ids=["last step", "best step"])
@pytest.mark.parametrize("names", [("classification",), ("tagging", "span_qa")], ids=str)
@pytest.mark.parametrize("stop", [1, 5, 7])
def test_stopped_and_resumed_training_equals_straight_training(tuning, names, dev, stop):
    straight = tuning(*names, dev=dev)
    wanted = drive(straight)

    stopped = tuning(*names, dev=dev)
    before = drive(stopped, stop)
    tensors, numbers = load(save(stopped.tensors())), json.loads(json.dumps(stopped.numbers()))
    drive(stopped)  # the weights that were saved must not follow

    torch.manual_seed(12345)
    resumed = tuning(*names, dev=dev)
    resumed.restore(tensors, numbers)
    assert before + drive(resumed) == wanted
    assert state(resumed) == state(straight)
    assert resumed.numbers() == straight.numbers()


def test_finished_training_stays_finished(tuning):
    done = tuning(dev=True)
    drive(done)
    again = tuning(dev=True)
    again.restore(done.tensors(), done.numbers())
    assert drive(again) == []
    assert state(again) == state(done)


def test_nobody_outside_feels_or_moves_the_random_numbers(tuning):
    quiet, disturbed = tuning(), tuning()
    before = torch.random.get_rng_state()
    wanted = drive(quiet)
    assert torch.equal(before, torch.random.get_rng_state())
    steps = []
    for step in disturbed:
        steps.append(step)
        torch.rand(3)
        disturbed.encoder.model.eval()
    assert steps == wanted
    assert state(disturbed) == state(quiet)


def test_dropout_is_on_in_training(tuning):
    calm = tuning()
    for module in calm.encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    assert drive(calm, 1)[0].loss != drive(tuning(), 1)[0].loss


def test_every_step_has_dropout_of_its_own(tiny_folder, part_of):
    recipe = Recipe(learning_rate=1e-12, epochs=4, batch_size=128, micro_batch=128)
    training = FineTuning(
        load_encoder(str(tiny_folder)), [part_of("tagging")], recipe=recipe, seed=1
    )
    losses = [step.loss for step in drive(training)]
    assert len(losses) == 4
    assert max(losses) - min(losses) > 1e-4


def test_gradient_is_clipped(tuning):
    training = tuning(recipe=replace(RECIPE, clip=0.01))
    drive(training, 2)
    gradients = [p.grad for p in training.heads.parameters()]
    gradients += [p.grad for p in training.encoder.model.parameters()]
    assert torch.nn.utils.get_total_norm(gradients).item() == pytest.approx(0.01, rel=1e-3)


def test_best_step_is_what_remains(tuning):
    best, straight = tuning(dev=True, recipe=replace(RECIPE, evaluations=5)), tuning()
    steps = drive(best)
    assert [step.number for step in steps if step.dev_score is not None] == [2, 4, 6, 8, 10]
    assert best.best_step == 6
    drive(straight, 6)
    for name, tensor in encoder_tensors(straight.encoder.model).items():
        assert torch.equal(tensor, encoder_tensors(best.encoder.model)[name])
    for name, tensor in straight.heads.state_dict().items():
        assert torch.equal(tensor, best.heads.state_dict()[name])


def test_without_a_number_of_evaluations_every_epoch_is_looked_at(tuning):
    looked = drive(tuning(dev=True))
    assert [step.number for step in looked if step.dev_score is not None] == [5, 10]


@pytest.mark.parametrize("name", TRAINED)
def test_loss_falls(name, tiny_folder, part_of):
    recipe = Recipe(learning_rate=5e-3, epochs=8, batch_size=16, micro_batch=16)
    training = FineTuning(
        load_encoder(str(tiny_folder)), [part_of(name, 200)], recipe=recipe, seed=1
    )
    losses = [step.loss for step in drive(training)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])


def test_what_was_learnt_is_found_in_evaluation(tiny_folder, part_of, tiny_rows):
    recipe = Recipe(learning_rate=5e-3, epochs=8, batch_size=16, micro_batch=16)
    encoder, part = load_encoder(str(tiny_folder)), part_of("tagging", 200)
    training = FineTuning(encoder, [part], recipe=recipe, seed=1)
    rows = tiny_rows("tagging", 200)

    def score():
        return evaluate(encoder, training.heads[0], part.task, "en", rows, part.encoded).metrics

    assert score()["accuracy"] < 0.6
    drive(training)
    assert score()["accuracy"] > 0.95


def test_small_micro_batches_make_the_same_step(tuning):
    losses, weights = [], []
    for micro in (16, 4, 1):
        training = tuning(recipe=replace(RECIPE, micro_batch=micro))
        for module in [*training.encoder.model.modules(), *training.heads.modules()]:
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        losses.append([step.loss for step in drive(training, 3)])
        weights.append(
            encoder_tensors(training.encoder.model)["encoder.layer.0.output.dense.weight"]
        )
    np.testing.assert_allclose(losses, [losses[0]] * 3, rtol=1e-4)
    torch.testing.assert_close(weights[2], weights[0], atol=1e-4, rtol=1e-2)


def test_gradient_checkpointing_changes_nothing_but_memory(tuning):
    plain, saving = tuning(), tuning(recipe=replace(RECIPE, gradient_checkpointing=True))
    assert [s.loss for s in drive(saving, 3)] == pytest.approx([s.loss for s in drive(plain, 3)])


def test_equal_seeds_give_equal_heads_and_orders_on_any_encoder(tiny_folder, part_of, tuning):
    trained = tuning()
    drive(trained)
    part = part_of("tagging")
    after = FineTuning(trained.encoder, [part], recipe=RECIPE, seed=1)
    fresh, other = tuning("tagging"), tuning("tagging", seed=2)
    for name, tensor in fresh.heads.state_dict().items():
        assert torch.equal(tensor, after.heads.state_dict()[name])
    assert not torch.equal(fresh.heads[0].out.weight, other.heads[0].out.weight)
    assert [s.num_features for s in drive(after)] == [s.num_features for s in drive(fresh)]


def test_divergence_names_task_stage_and_step(tuning):
    training = tuning("classification", "tagging", stage="stage 2 of 3")
    drive(training, 3)
    with torch.no_grad():
        training.encoder.model.embeddings.word_embeddings.weight[0].fill_(math.nan)
    with pytest.raises(TrainingDiverged, match=r"stage 2 of 3, task tiny-\w+, at step 4 of 20"):
        drive(training)


@pytest.mark.parametrize("name", TRAINED)
def test_every_feature_is_used_once_per_epoch(name, part_of):
    part = part_of(name)
    chosen = replace(part, rows=np.arange(3, 60, 2))
    for epoch in range(2):
        used = np.concatenate([f for _, f in epoch_plan([chosen], RECIPE, 1, epoch)])
        assert sorted(used) == sorted(chosen.features)
    assert set(np.asarray(part.encoded.columns["row"])[used]) == set(chosen.rows)


def test_epochs_and_seeds_are_ordered_differently(part_of):
    plans = [
        tuple(np.concatenate([f for _, f in epoch_plan([part_of("tagging")], RECIPE, seed, epoch)]))
        for seed in (1, 2)
        for epoch in (0, 1)
    ]
    assert len(set(plans)) == 4


def test_joint_stage_mixes_in_proportion(part_of):
    small, large = part_of("classification", 160), part_of("tagging", 800)
    plan = epoch_plan([small, large], RECIPE, 1, 0)
    assert len(plan) == steps_per_epoch([small, large], RECIPE) == 60
    turns = np.array([turn for turn, _ in plan])
    assert (turns == 0).sum() == 10
    assert 1 <= (turns[:30] == 0).sum() <= 9
    alone = epoch_plan([small], RECIPE, 1, 0)
    for (_, wanted), found in zip(alone, [f for t, f in plan if t == 0], strict=True):
        assert wanted.tolist() == found.tolist()


SAMPLED = [
    replace(RECIPE, sampling="uniform"),
    replace(RECIPE, sampling="capped", sampling_cap=100),
    replace(RECIPE, sampling="temperature", sampling_temperature=2.0),
]
by_sampling = pytest.mark.parametrize("recipe", SAMPLED, ids=lambda recipe: recipe.sampling)


def proportional_plan(parts, recipe, seed, epoch):
    """As the plan was before there were other modes."""
    batches, size = [], recipe.batch_size
    for part in parts:
        generator = stream(seed, part.task.name, "order", epoch)
        order = part.features[torch.randperm(len(part.features), generator=generator).numpy()]
        window, own = size * recipe.length_window, []
        for start in range(0, len(order), window):
            chunk = order[start : start + window]
            chunk = chunk[np.argsort(part.encoded.lengths[chunk], kind="stable")]
            cut = [
                chunk[i : i + recipe.batch_size] for i in range(0, len(chunk), recipe.batch_size)
            ]
            own += [cut[i] for i in torch.randperm(len(cut), generator=generator).tolist()]
        batches.append(own)
    turns = np.repeat(np.arange(len(parts)), [len(own) for own in batches])
    generator = stream(seed, joint_name(parts), "mixture", epoch)
    turns = turns[torch.randperm(len(turns), generator=generator).numpy()]
    waiting = [iter(own) for own in batches]
    return [(turn, next(waiting[turn]).tolist()) for turn in turns.tolist()]


def as_lists(plan):
    return [(turn, features.tolist()) for turn, features in plan]


@pytest.mark.parametrize("epoch", [0, 1, 4])
def test_sampling_in_proportion_has_one_pass_per_epoch(part_of, epoch):
    parts = [part_of("classification", 70), part_of("tagging", 200), part_of("mlm", 33)]
    assert as_lists(epoch_plan(parts, RECIPE, 3, epoch)) == proportional_plan(
        parts, RECIPE, 3, epoch
    )


@by_sampling
def test_every_epoch_has_the_promised_share_of_every_task(part_of, recipe):
    parts = [part_of("classification", 40), part_of("tagging", 800), part_of("mlm", 160)]
    wanted = batches_per_epoch([40, 800, 160], recipe)
    for epoch in range(3):
        turns = [turn for turn, _ in epoch_plan(parts, recipe, 1, epoch)]
        assert [turns.count(i) for i in range(3)] == wanted
        assert len(turns) == steps_per_epoch(parts, recipe) == 63


@by_sampling
@pytest.mark.parametrize("epochs", [1, 2, 3, 7])
def test_every_feature_of_a_task_is_seen_equally_often_within_one(part_of, recipe, epochs):
    parts = [part_of("classification", 40), part_of("tagging", 800)]
    seen = [np.zeros(len(part.encoded), dtype=int) for part in parts]
    for epoch in range(epochs):
        for turn, features in epoch_plan(parts, recipe, 1, epoch):
            seen[turn][features] += 1
    assert all(counts.max() - counts.min() <= 1 for counts in seen)
    assert seen[0].max() > epochs > seen[1].min()
    assert sum(map(np.sum, seen)) == num_trained(parts, replace(recipe, epochs=epochs), 1)


@by_sampling
def test_one_task_is_trained_alike_whatever_the_sampling(part_of, recipe):
    part = part_of("tagging", 200)
    for epoch in range(2):
        wanted = as_lists(epoch_plan([part], RECIPE, 1, epoch))
        assert as_lists(epoch_plan([part], recipe, 1, epoch)) == wanted


@by_sampling
@pytest.mark.parametrize("stop", [3, 5, 12])
def test_a_sampled_stage_resumes_to_the_bit(tuning, part_of, tiny_folder, recipe, stop):
    parts = [part_of("classification", 20), part_of("mlm", 90)]

    def fresh():
        return FineTuning(load_encoder(str(tiny_folder)), parts, recipe=recipe, seed=1)

    straight, stopped, resumed = fresh(), fresh(), fresh()
    wanted, before = drive(straight), drive(stopped, stop)
    resumed.restore(load(save(stopped.tensors())), json.loads(json.dumps(stopped.numbers())))
    assert before + drive(resumed) == wanted
    assert state(resumed) == state(straight)
    assert sum(step.num_features for step in wanted) == num_trained(parts, recipe, 1)


def test_batches_of_a_window_have_little_padding(part_of):
    part = part_of("span_qa", 800)
    lengths = part.encoded.lengths

    def padding(recipe):
        batches = [lengths[features] for _, features in epoch_plan([part], recipe, 1, 0)]
        return 1 - sum(b.sum() for b in batches) / sum(b.max() * len(b) for b in batches)

    assert padding(replace(RECIPE, length_window=50)) < 0.4 * padding(
        replace(RECIPE, length_window=1)
    )


def test_schedule_rises_to_the_peak_and_falls_to_zero():
    recipe = Recipe(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(recipe, step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 11)
    assert max(rates) == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == 0.0
    assert all(learning_rate(recipe, step, 2) > 0 for step in range(2))


def test_vectors_do_not_decay(tuning):
    training = tuning()
    decayed, kept = training._optimizer.param_groups
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.01, 0.0)
    names = {id(p): name for name, p in training._module.named_parameters()}
    for parameter in kept["params"]:
        assert "bias" in names[id(parameter)] or "LayerNorm" in names[id(parameter)]
    assert not any("LayerNorm" in names[id(p)] for p in decayed["params"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("epochs", 0),
        ("epochs", 1.5),
        ("batch_size", 0),
        ("micro_batch", 7),
        ("warmup", 1.0),
        ("weight_decay", -1),
        ("clip", "1"),
        ("precision", "float16"),
        ("length_window", True),
        ("evaluations", 0),
        ("sampling", "random"),
        ("sampling_cap", 0),
        ("sampling_temperature", 0.5),
        ("sampling_cap", 300),
        ("sampling_temperature", 2.0),
    ],
)
def test_wrong_recipe_names_its_field(field, value):
    with pytest.raises(ValueError, match=rf"recipe\.{field} is"):
        Recipe(**{field: value})


@pytest.mark.parametrize(
    ("mode", "field"), [("capped", "sampling_cap"), ("temperature", "sampling_temperature")]
)
def test_a_mode_of_sampling_wants_its_number(mode, field):
    with pytest.raises(ValueError, match=rf"recipe\.{field} is not given, but .* is {mode}"):
        Recipe(sampling=mode)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sampling": "proportional"}, [100, 300, 1600]),
        ({"sampling": "capped", "sampling_cap": 300}, [286, 857, 857]),
        ({"sampling": "capped", "sampling_cap": 5000}, [100, 300, 1600]),
        ({"sampling": "temperature", "sampling_temperature": 1}, [100, 300, 1600]),
        ({"sampling": "temperature", "sampling_temperature": 2}, [297, 515, 1188]),
        ({"sampling": "uniform"}, [667, 667, 666]),
    ],
    ids=str,
)
def test_shares_of_tasks_by_hand(changes, wanted):
    recipe = Recipe(batch_size=1, micro_batch=1, **changes)
    assert batches_per_epoch([100, 300, 1600], recipe) == wanted


def test_no_task_is_left_out_however_small_its_share():
    recipe = Recipe(batch_size=10, micro_batch=10, sampling="capped", sampling_cap=100)
    assert batches_per_epoch([1, 1, 100], recipe) == [1, 1, 10]


def test_all_problems_of_a_recipe_come_at_once():
    with pytest.raises(ValueError, match=r"recipe\.epochs.*recipe\.warmup"):
        Recipe(epochs=0, warmup=2.0)


def test_auto_precision_is_float32_on_a_cpu():
    assert autocast_dtype("auto", torch.device("cpu")) is None
    assert autocast_dtype("bfloat16", torch.device("cpu")) is torch.bfloat16


def test_bfloat16_training_runs(tuning):
    losses = [s.loss for s in drive(tuning(recipe=replace(RECIPE, precision="bfloat16")), 3)]
    plain = [s.loss for s in drive(tuning(), 3)]
    assert losses != plain
    assert losses == pytest.approx(plain, rel=0.05)
