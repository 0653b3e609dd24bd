"""Two networks: every rule against the reference, the limits, what is counted, how it is judged."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from reference.counting import (
    CPU,
    RULES,
    STREAMS,
    T,
    arrays,
    everything,
    everything_of,
    examples,
    named_gradients,
    pair_program,
    reference_of,
    small_digits,
    tiny_pair,
)
from reference.jobs import Clock, job_of, never, train_in_parts, untimed
from sgbench.bench import counting_program, datasets, digit_streams, memory, rules, train
from sgbench.bench.counting_program import CountingProgram
from sgbench.bench.digit_streams import DigitStreams
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibit import expand, load
from sgbench.reproductions.plan import work
from sgbench.reproductions.run import Request, run
from sgbench.results.record import Record, json_line, make_record
from sgbench.results.store import Store

every_rule = pytest.mark.parametrize("rule", RULES)
ALL = ("a", "b", "m")


@pytest.fixture(autouse=True)
def look_at_few(monkeypatch):
    for module in (counting_program, digit_streams):
        monkeypatch.setattr(module, "EVALUATED_STREAMS", 20)
        monkeypatch.setattr(module, "EVALUATED_CYCLES", 2, raising=False)


@pytest.fixture(autouse=True)
def no_grad():
    """As `train` runs a program."""
    with torch.no_grad():
        yield


def close(got, want):
    assert set(got) == set(want)
    for what in want:
        np.testing.assert_allclose(got[what], want[what], rtol=1e-10, atol=1e-10, err_msg=str(what))


def moved(before, after):
    """The parts (a, b, sg0) of which a weight differs between two outputs of `everything`."""
    return {
        name.split(".")[0]
        for (kind, name), value in after.items()
        if kind == "weight" and not np.array_equal(value, before[kind, name])
    }


def step_with(program, labels=None):
    """One cycle on the program's next digits, with other counts of B if given."""
    found = program.streams.training(program.iteration)
    program.update(found.digits, found.odd, found.threes if labels is None else labels)


# --- against the reference


def test_the_rules_are_those_of_the_folder():
    assert rules.names_for("cycle") == RULES


@every_rule
def test_three_cycles(rule):
    program = pair_program(tiny_pair(rule))
    reference = reference_of(program)
    for number in range(3):
        cycle = program.streams.training(number)
        seen = reference.cycle(*examples(cycle))
        program.step()
        close(everything(program), everything_of(reference))
        np.testing.assert_allclose(
            program.network.losses[:, 0], [sum(seen["a"]), seen["b"]], rtol=1e-12
        )
        grads = named_gradients(program)
        for part in (seen["a_grads"][-1], seen["b_grads"], seen["m_grads"]):
            for name, value in part.items():
                np.testing.assert_allclose(grads[name][0], value, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("length", [1, 2, 4])
@every_rule
def test_other_lengths(rule, length):
    program = pair_program(tiny_pair(rule, T=length))
    reference = reference_of(program)
    for number in range(2):
        reference.cycle(*examples(program.streams.training(number)))
        program.step()
    close(everything(program), everything_of(reference))


@every_rule
def test_the_references_gradients_are_those_of_finite_differences(rule):
    """A second look at the hand-derived ones: of what each part's loss is."""
    program = pair_program(tiny_pair(rule))
    cycle = examples(program.streams.training(0))

    def seen(change=None, at=None):
        reference = reference_of(program)
        reference.frozen = True  # so that every window has the weights before
        if change is not None:
            reference.weights[change][at] += step
        return reference.cycle(*cycle)

    step, base = 1e-6, None
    base = seen()
    rng = np.random.default_rng(3)
    for name, weight in reference_of(program).weights.items():
        at = tuple(rng.integers(0, size) for size in weight.shape)
        step = 1e-6
        up = seen(name, at)
        step = -1e-6
        down = seen(name, at)
        part = name.split(".")[0]
        if part == "a" and rule == "end_to_end":
            wanted = base["a_grads"][0].get(name)
            slope = sum(up["a"]) + up["b"] - sum(down["a"]) - down["b"]
        elif part == "a":  # the first window's own loss, and the inner product with what M says
            wanted = base["a_grads"][0].get(name)
            slope = up["a"][0] - down["a"][0]
            if rule == "dni":
                said = 10.0 * base["said"][0]
                slope += (said * (up["messages"][0] - down["messages"][0])).sum()
        elif part == "b":
            wanted, slope = base["b_grads"].get(name), up["b"] - down["b"]
        else:
            wanted, slope = base["m_grads"].get(name), up["sg_loss"] - down["sg_loss"]
        assert slope / 2e-6 == pytest.approx(wanted[at], rel=2e-4, abs=1e-7), name


@every_rule
def test_a_replica_of_three_equals_its_cell_alone(rule):
    scales = (3.0, 40.0, 0.5) if rule == "dni" else (None,) * 3
    cells = [
        tiny_pair(rule, seed=seed, learning_rate=rate, sg_scale=scale)
        for seed, rate, scale in zip((3, 1, 2), (1e-2, 3e-3, 1e-2), scales, strict=True)
    ]
    together = pair_program(*cells)
    for _ in range(4):
        together.step()
    points = [point for point, _ in together.measure()]
    for replica, cell in enumerate(cells):
        alone = pair_program(cell)
        for _ in range(4):
            alone.step()
        close(everything(together, replica), everything(alone))
        ((point, _),) = alone.measure()
        for name in ("error_a", "error_b", "train_loss"):
            assert getattr(points[replica], name) == pytest.approx(getattr(point, name), rel=1e-8)
        for name in ("sg_loss", "sg_cosine") if rule == "dni" else ():
            assert getattr(points[replica], name) == pytest.approx(getattr(point, name), rel=1e-8)


def test_seeds_are_paired_across_rules():
    programs = [pair_program(tiny_pair(rule, seed=4), randomised=False) for rule in RULES]
    starts = [arrays(program.network.weights.named) for program in programs]
    for program, start in zip(programs, starts, strict=True):
        for name, value in starts[1].items():  # end to end has no M
            np.testing.assert_array_equal(start[name], value)
        for number in (0, 7):
            for one, other in zip(
                program.streams.training(number), programs[0].streams.training(number), strict=True
            ):
                assert torch.equal(one, other)


# --- limits


def test_without_its_factor_dni_is_no_feedback_bit_for_bit():
    silent = pair_program(tiny_pair("dni", sg_factor=0.0))
    alone = pair_program(tiny_pair("no_feedback"))
    for _ in range(3):
        silent.step()
        alone.step()
    got, want = everything(silent), everything(alone)
    for what in want:
        np.testing.assert_array_equal(got[what], want[what], err_msg=str(what))


def test_with_m_at_zero_the_first_cycle_is_that_without_feedback():
    dni, alone = (
        pair_program(tiny_pair(rule), randomised=False) for rule in ("dni", "no_feedback")
    )
    dni.step()
    alone.step()
    got, want = everything(dni), everything(alone)
    for what in want:
        np.testing.assert_array_equal(got[what], want[what], err_msg=str(what))
    before = everything(dni)
    dni.step()
    alone.step()
    assert {"a", "b", "sg0"} == moved(before, everything(dni))
    assert not np.array_equal(
        everything(dni)["weight", "a.message.weight"],
        everything(alone)["weight", "a.message.weight"],
    )


def forgetful(program):
    """Let nothing be remembered from step to step in A: no window reaches into the one before."""
    units = program.network.units
    named = program.network.weights.named
    named["a.lstm.hidden"].zero_()
    named["a.lstm.hidden_gamma"].zero_()
    named["a.lstm.bias"][:, units : 2 * units] = -1e4


def gradients_of_a(program, monkeypatch):
    """A's gradients summed over a cycle, no weight ever moved."""
    total = {}

    def note(part):
        if part == "a":
            for name, gradient in named_gradients(program).items():
                if name.startswith("a."):
                    total[name] = total.get(name, 0) + gradient

    monkeypatch.setattr(program, "move", note)
    program.step()
    return total


def test_with_the_true_gradient_dni_is_end_to_end(monkeypatch):
    """Where A remembers nothing, truncation takes nothing away: what is left is M's part."""
    whole = pair_program(tiny_pair("end_to_end"))
    cycle = examples(whole.streams.training(0))
    forgetful(whole)
    true = reference_of(whole).cycle(*cycle)["targets"]
    expected = gradients_of_a(whole, monkeypatch)
    for oracle in (True, False):
        dni = pair_program(tiny_pair("dni", sg_factor=1.0))
        for name, view in whole.network.weights.named.items():
            dni.network.weights.named[name].copy_(view)
        for name, state in reference_of(pair_program(tiny_pair("end_to_end"))).state.items():
            dni.network.states[name] = tuple(torch.as_tensor(x.T[None]) for x in state)
        if oracle:
            said = [torch.as_tensor(target.T[None]) for target in true]
            monkeypatch.setattr(dni.network, "synthetic_gradient", lambda m, s=said: s.pop(0))
        got = gradients_of_a(dni, monkeypatch)
        gap = max((got[name] - expected[name]).abs().max().item() for name in expected)
        assert (gap < 1e-12) == oracle


def test_bs_labels_reach_a_end_to_end_only():
    for rule in RULES:
        programs = [pair_program(tiny_pair(rule)) for _ in range(2)]
        labels = programs[0].streams.training(0).threes
        step_with(programs[0])
        step_with(programs[1], (labels + 1) % (T * T + 1))
        one, other = map(everything, programs)
        differ = {
            name.split(".")[0]
            for (kind, name), value in one.items()
            if kind == "weight" and not np.array_equal(value, other[kind, name])
        }
        assert (
            differ
            == {
                "dni": {"b", "sg0"},
                "end_to_end": {"a", "b"},
                "no_feedback": {"b"},
            }[rule]
        )


def test_the_message_layer_learns_with_feedback_only():
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        before = everything(program)
        program.step()
        after = everything(program)
        same = np.array_equal(
            before["weight", "a.message.weight"], after["weight", "a.message.weight"]
        )
        assert same == (rule == "no_feedback")


def test_as_own_losses_weigh_the_same_whatever_the_rule(monkeypatch):
    """With a message that says nothing, a cycle's gradient of A is the same end to end or not."""
    found = []
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        forgetful(program)
        program.network.weights.named["b.lstm.input_gamma"].zero_()
        if rule == "dni":
            for name in ("sg0.output.weight", "sg0.output.bias"):
                program.network.weights.named[name].zero_()
        found.append(gradients_of_a(program, monkeypatch))
    for other in found[1:]:
        for name, value in found[0].items():
            torch.testing.assert_close(other[name], value, rtol=1e-10, atol=1e-12)


def test_a_is_updated_in_every_window_and_b_once():
    counts = {}
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        program.step()
        counts[rule] = {part: int(adam.steps[0]) for part, adam in program.adams.items()}
    assert counts == {
        "dni": {"a": T, "b": 1, "m": 1},
        "end_to_end": {"a": 1, "b": 1},
        "no_feedback": {"a": T, "b": 1},
    }


def test_m_starts_at_zero_and_its_gradient_does_not_reach_the_message():
    program = pair_program(tiny_pair("dni"), randomised=False)
    for name in ("sg0.output.weight", "sg0.output.bias"):
        assert not program.network.weights.named[name].any()
    messages = [torch.randn(1, 5, STREAMS, dtype=torch.float64, requires_grad=True)]
    with torch.enable_grad():
        target = torch.ones(1, 5, STREAMS, dtype=torch.float64)
        loss = program.network.sg_loss(messages, [target]).sum()
    assert torch.autograd.grad(loss, messages, allow_unused=True) == (None,)


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_sg_scale_changes_what_m_regresses_and_not_what_is_used(scale):
    program = pair_program(tiny_pair("dni", sg_scale=scale))
    for name in ("sg0.output.weight", "sg0.output.bias"):
        program.network.weights.named[name].mul_(scale)
    other = pair_program(tiny_pair("dni", sg_scale=1.0))
    program.step()
    other.step()
    got, want = everything(program), everything(other)
    for (kind, name), value in want.items():
        if kind == "weight" and not name.startswith("sg0"):
            np.testing.assert_allclose(got[kind, name], value, rtol=1e-8, atol=1e-10)


# --- what is counted


def test_counts_are_right_by_hand():
    streams = DigitStreams([tiny_pair("dni"), tiny_pair("dni", seed=1)], small_digits(), CPU)
    data = small_digits()
    images = data.train_images.reshape(60, -1) / 16
    for cycle in (streams.training(0), streams.training(5), streams.probe()):
        assert cycle.digits.shape == (2, T, T, 9, STREAMS)
        for r in range(2):
            for b in range(STREAMS):
                threes = 0
                for window in range(T):
                    odd = 0
                    for step in range(T):
                        pixels = cycle.digits[r, window, step, :, b].numpy()
                        (at,) = np.flatnonzero((images == pixels).all(1))
                        odd += data.train_labels[at] in (1, 3, 5, 7, 9)
                        threes += data.train_labels[at] == 3
                    assert cycle.odd[r, window, b] == odd
                assert cycle.threes[r, b] == threes
    assert not torch.equal(streams.training(0).digits, streams.training(1).digits)


def test_digits_depend_on_the_seed_and_the_cycle_alone():
    cells = [tiny_pair("dni", seed=n) for n in (2, 5)]
    both, alone = (
        DigitStreams(cells, small_digits(), CPU),
        DigitStreams(cells[1:], small_digits(), CPU),
    )
    for one, other in zip(both.training(3), alone.training(3), strict=True):
        assert torch.equal(one[1:], other)
        assert not torch.equal(one[0], one[1])
    for one, other in zip(both.held(3), alone.held(3), strict=True):
        assert one.shape[0] == 1
        assert torch.equal(one, other)


@pytest.mark.parametrize("split", ["test", "validation"])
def test_training_never_sees_what_is_held_out(split):
    data = small_digits()
    streams = DigitStreams([tiny_pair("dni", split=split)], data, CPU)
    held = data.test_images if split == "test" else data.train_images[50:]
    trained = data.train_images if split == "test" else data.train_images[:50]

    def seen(cycles):
        return {
            tuple((pixels * 16).round().int().tolist())
            for c in cycles
            for pixels in c.digits.movedim(3, 4).reshape(-1, 9)
        }

    def all_of(images):
        return {tuple(map(int, image.ravel())) for image in images}

    assert seen(map(streams.training, range(12))) == all_of(trained)
    assert seen(map(streams.held, range(6))) == all_of(held)


@every_rule
def test_evaluation_is_the_references_by_running_statistics(rule, monkeypatch):
    cells = [tiny_pair(rule), tiny_pair(rule, seed=1)]
    program = pair_program(*cells)
    before = [everything(program, replica) for replica in range(2)]
    got = program.evaluate()
    for replica in range(2):
        after = everything(program, replica)
        assert all(np.array_equal(before[replica][what], after[what]) for what in after)
        reference = reference_of(program, replica)
        reference.running = True
        reference.state = {n: (np.zeros((20, 5)),) * 2 for n in "ab"}
        wrong, loss, cycles = np.zeros(2), 0.0, digit_streams.WARM_UP + 2
        for number in range(cycles):
            digits, odd, threes = examples(program.streams.held(number))
            if number == digit_streams.WARM_UP:
                wrong, loss = np.zeros(2), 0.0
            for window in range(T):
                logits, message, _ = reference.window(digits[window])
                wrong[0] += (logits.argmax(1) != odd[window]).sum()
                loss += reference_loss(logits, odd[window]) / T
                reference.lstm(message, "b", window)
            logits, _ = reference.affine(reference.state["b"][0], "b.readout")
            wrong[1] += (logits.argmax(1) != threes).sum()
            loss += reference_loss(logits, threes)
        assert got[0][replica] == pytest.approx(100 * wrong[0] / (2 * T * 20))
        assert got[1][replica] == pytest.approx(100 * wrong[1] / (2 * 20))
        assert got[2][replica] == pytest.approx(loss / 2, rel=1e-10)


def reference_loss(logits, labels):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()


def test_the_probe_is_the_references_and_changes_nothing():
    program = pair_program(tiny_pair("dni"))
    before = everything(program)
    (sg_loss,), (cosine,) = program.probe()
    after = everything(program)
    assert all(np.array_equal(before[what], after[what]) for what in after)
    reference = reference_of(program)
    reference.frozen = True
    seen = reference.cycle(*examples(program.streams.probe()))
    said, true = (np.concatenate(seen[name]).ravel() for name in ("said", "targets"))
    assert sg_loss == pytest.approx(seen["sg_loss"], rel=1e-10)
    size = np.linalg.norm(said) * np.linalg.norm(true)
    assert cosine == pytest.approx(said @ true / size, rel=1e-9)
    assert pair_program(tiny_pair("end_to_end")).probe() == (None, None)


def test_a_pair_learns_to_count():
    """Two kinds of images that the eye can tell apart: odd ones, 3s among them, and even ones."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200) * 3
    images = np.where(labels == 3, 16, 0).astype(np.uint8)[:, None, None, None]
    images = np.repeat(np.repeat(images, 3, 2), 3, 3)
    data = dataclasses.replace(
        small_digits(), train_images=images, train_labels=labels, test_images=images,
        test_labels=labels,
    )  # fmt: skip
    cell = tiny_pair("end_to_end", T=2, hidden_units=12, batch_size=32, precision="float32")
    program = CountingProgram([cell], data, CPU)
    for _ in range(250):
        program.step()
    ((point, diverged),) = program.measure()
    assert diverged is None
    assert point.error_a < 5  # chance: 50
    assert point.error_b < 15  # chance: 62


# --- the loop


def cell_of(rule, **changes):
    return tiny_pair(rule, iterations=7, evaluate_every=3, precision="float32", **changes)


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setattr(train, "_load", lambda *_: small_digits())
    monkeypatch.setattr(train, "LOOK_SECONDS", 0.0)


@every_rule
@pytest.mark.parametrize("stops", [[1], [2, 3, 6], [0, 4, 5]])
def test_resumed_runs_are_the_same_bit_for_bit(few_digits, tmp_path, rule, stops):
    cells = [cell_of(rule, seed=seed) for seed in range(2)]
    whole = train.train(job_of(*cells), never)
    parts = train_in_parts(job_of(*cells, checkpoint=str(tmp_path / "it.pt")), stops)
    assert untimed(parts[-1]) == untimed(whole)
    assert [part[0].iterations_done for part in parts] == [*stops, 7]
    assert whole[0].error_a == whole[0].curve[-1].error_a
    assert whole[0].error_b == whole[0].curve[-1].error_b


@every_rule
def test_every_tensor_is_as_if_never_stopped(tmp_path, rule):
    programs = [pair_program(tiny_pair(rule, precision="float32")) for _ in range(2)]
    for _ in range(4):
        programs[0].step()
    state = programs[0].state()
    torch.save(state, tmp_path / "it.pt")
    programs[1].restore(torch.load(tmp_path / "it.pt", weights_only=True))
    for _ in range(3):
        for program in programs:
            program.step()
    one, other = map(everything, programs)
    for what in one:
        np.testing.assert_array_equal(one[what], other[what], err_msg=str(what))
    assert torch.equal(programs[0].summed, programs[1].summed)


@every_rule
@pytest.mark.parametrize("dataset", ["counting", "counting_digits"])
def test_every_rule_trains_on_every_stream(few_digits, tmp_path, rule, dataset):
    """Trained, saved and resumed, and a record made of the outcome."""
    small = cell_of(rule, dataset=dataset)
    (whole,) = train.train(job_of(small), never)
    labels = {"exhibit": "two_networks", "scale": "custom", "machine_class": "here"}
    record = make_record(small, whole, data_hash=datasets.canonical_hash(dataset), **labels)
    assert record.status == "ok"
    assert Record.from_dict(json.loads(json_line(record))) == record
    assert record.cell == small
    assert 0 <= record.error_a <= 100
    assert 0 <= record.error_b <= 100
    assert record.test_error is record.validation_error is record.tokens_per_second is None
    assert record.examples_per_second > 0
    assert [point["iteration"] for point in record.curve] == [3, 6, 7]
    for point in record.curve:
        assert point["train_loss"] > 0
        assert (point["sg_loss"] is not None) == (rule == "dni")
        assert (point["sg_cosine"] is not None) == (rule == "dni")
        assert point["error"] is point["bits"] is point["longest"] is None


def test_train_loss_is_the_mean_since_the_last_evaluation(few_digits):
    (outcome,) = train.train(job_of(cell_of("dni")), never)
    program = CountingProgram([cell_of("dni")], small_digits(), CPU)
    losses = []
    for _ in range(7):
        program.step()
        own, other = program.network.losses[:, 0].tolist()
        losses.append(own / T + other)
    found = [point.train_loss for point in outcome.curve]
    assert found == pytest.approx([np.mean(losses[:3]), np.mean(losses[3:6]), losses[6]], rel=1e-6)


def test_speed_counts_digits(few_digits, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(train, "time", clock)
    monkeypatch.setattr(CountingProgram, "step", clock.taking(0.5, CountingProgram.step))
    one, _ = train.train(job_of(cell_of("dni"), cell_of("dni", seed=1)), never)
    assert one.steps_per_second == 2.0
    assert one.examples_per_second == 2.0 * 2 * STREAMS * T * T


@every_rule
def test_a_loss_that_is_not_finite_is_told(few_digits, rule):
    good, bad = cell_of(rule), cell_of(rule, seed=1)
    program = CountingProgram([good, bad], small_digits(), CPU)
    program.network.weights.named["b.readout.bias"][1] = float("nan")
    program.step()
    program.step()
    assert [diverged for _, diverged in program.measure()] == [None, 1]


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "mnist"}, "dataset=mnist is not for network=two_lstms"),
        ({"dataset": "copy"}, "dataset=copy is not for network=two_lstms"),
        ({"network": "lstm"}, "dataset=counting_digits is not for network=lstm"),
        ({"T": 0}, "T=0 must be between 1"),
        ({"T": None}, "T is needed for rule=dni, network=two_lstms"),
        ({"depth": 3}, "depth does not apply"),
        ({"rule": "bptt"}, "rule=bptt does not train network=two_lstms; .* dni, end_to_end"),
        ({"sg_factor": None}, "sg_factor is needed"),
        ({"evaluate_at": (0.5,)}, "evaluate_at does not apply"),
    ],
)
def test_a_cell_that_does_not_fit_is_one_clear_line(changes, message):
    with pytest.raises(UsageError, match=message) as caught:
        tiny_pair(**({"rule": "dni"} | changes))
    assert "\n" not in str(caught.value)


class Nothing:
    """Hears of no program."""

    def __getattr__(self, name):
        raise AssertionError(f"{name}: a program was begun")


@every_rule
def test_a_cycle_that_does_not_fit_is_refused_before_it_is_begun(tmp_path, rule):
    request = Request(
        exhibit="two_networks",
        where=(f"rule={rule}",),
        set=("T=10000",),
        store=Store(tmp_path),
        jobs=1,
        device="cpu",
    )
    with pytest.raises(UsageError, match=r"T=10000 .* GiB are free: T of about [\d,]+ would fit"):
        run(request, Nothing())


@pytest.mark.parametrize("rule", ["end_to_end", "dni"])
def test_a_T_that_is_said_to_fit_does(rule):
    cell = tiny_pair(rule, T=1000, hidden_units=256, batch_size=256)
    for share in (0.5, 0.01):
        available = int(memory.needed(cell) * share)
        fits = dataclasses.replace(cell, T=memory.fitting(cell, available))
        longer = dataclasses.replace(fits, T=fits.T + 1)
        assert memory.needed(fits) <= available < memory.needed(longer)
    assert memory.fitting(cell, 1) == 0


def test_the_memory_is_about_what_autograd_keeps():
    """Of a step of A and B: what is saved for the gradient, by torch's own account."""
    cell = tiny_pair("end_to_end", T=4, hidden_units=64, batch_size=128, precision="float32")
    program = CountingProgram([cell], small_digits(), CPU)
    kept = {}

    def pack(x):
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    found = program.streams.training(0)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        for window in range(4):
            _, message = program.network.window(found.digits[:, window])
            program.network.tick(message, window)
        total = sum(kept.values()) - program.network.weights.flat.nbytes
        a_step = total / (20 * 64 * 128 * 4)
    assert 0.5 < a_step / memory.OF_A_STEP < 1.0  # the rest: what is made on the way back


def test_more_work_is_estimated_for_longer_cycles():
    cells = {cell.rule: cell for cell in expand(load("two_networks"), "paper", seeds=1)}
    assert work(cells["dni"]) > work(cells["no_feedback"]) > 0
    longer = dataclasses.replace(cells["no_feedback"], T=8)
    assert 3 < work(longer) / work(cells["no_feedback"]) < 5


def test_the_protocol_has_a_version_of_its_own(monkeypatch):
    cell = tiny_pair("dni")
    before = cell.id("d")
    monkeypatch.setattr("sgbench.bench.cell.PAIR_PROTOCOL_VERSION", 10**6)
    assert cell.id("d") != before
    assert cell.data_steps == T * T
