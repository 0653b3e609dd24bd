"""Noise: streams by seed and name that go on, and are resumed."""

import pytest
import torch
from reference.programs import CPU, tiny_cell
from sgbench.bench.errors import UsageError
from sgbench.bench.nn.noise import Noise


def noise_of(*seeds):
    return Noise([tiny_cell("backprop", seed=seed) for seed in seeds], CPU)


def test_numbers_are_uniform():
    found = noise_of(0).uniform("a", (100, 1000))
    assert found.shape == (1, 100, 1000)
    assert found.dtype == torch.float32
    assert 0 <= float(found.min()) < 1e-3
    assert 1 - 1e-3 < float(found.max()) < 1
    counts = torch.histc(found, 10, 0, 1)
    assert (counts - 10_000).abs().max() < 500  # five standard deviations


def test_a_stream_goes_on():
    one, other = noise_of(3), noise_of(3)
    first, second = one.uniform("a", (40,)), one.uniform("a", (40,))
    assert not torch.equal(first, second)
    assert torch.equal(other.uniform("a", (40,)), first)
    assert torch.equal(other.uniform("a", (40,)), second)


def test_each_replica_has_what_it_has_alone():
    together = noise_of(0, 1, 2)
    for _ in range(2):
        found = together.uniform("a", (7, 3))
        assert not torch.equal(found[0], found[1])
    for replica, seed in enumerate((0, 1, 2)):
        alone = noise_of(seed)
        alone.uniform("a", (7, 3))
        assert torch.equal(alone.uniform("a", (7, 3))[0], found[replica])


def test_a_name_has_its_own_stream_whatever_else_is_drawn():
    one, other = noise_of(0), noise_of(0)
    one.uniform("b", (500,))
    wanted = other.uniform("a", (20,))
    assert torch.equal(one.uniform("a", (20,)), wanted)
    assert not torch.equal(one.uniform("c", (20,)), wanted)


def test_restored_streams_go_on():
    source = noise_of(4, 5)
    source.uniform("a", (9,))
    source.uniform("b", (2, 3))
    state = {name: tensor.clone() for name, tensor in source.state().items()}
    wanted = [source.uniform(name, (5,)) for name in ("a", "b", "c", "a")]
    other = noise_of(4, 5)
    other.uniform("a", (1000,))
    other.uniform("c", (1000,))  # of no stream in the state: it begins again
    other.restore(state)
    for name, numbers in zip(("a", "b", "c", "a"), wanted, strict=True):
        assert torch.equal(other.uniform(name, (5,)), numbers)


def test_of_another_number_of_replicas_nothing_is_restored():
    source = noise_of(4, 5)
    source.uniform("a", (9,))
    with pytest.raises(ValueError, match="shorter"):
        noise_of(4, 5, 6).restore(source.state())


def test_streams_of_another_noise_are_refused():
    noise = Noise([tiny_cell("backprop")], torch.device("cpu"), taken=("flip",))
    noise.uniform("mine", (2,))
    with pytest.raises(UsageError, match=r"^network\.noise: 'flip' is the name of a stream"):
        noise.uniform("flip", (2,))
