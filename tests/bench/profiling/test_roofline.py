"""The limit has the products of the step, no more and no fewer, and its Adams."""

import dataclasses

import pytest
import torch
from reference.costs import feed_forward, pair, recurrent
from reference.simulated_gpu import DEVICE_OF_AUTOGRAD, SimulatedGPU
from sgbench.bench.nn import products
from sgbench.bench.profiling import op_counter, roofline
from torch.utils.flop_counter import FlopCounterMode

CPU = torch.device("cpu")
PROGRAMS = {
    "no_bprop": lambda r: feed_forward("no_bprop", None, replicas=r),
    "backprop": lambda r: feed_forward("backprop", None, replicas=r),
    "cdni": lambda r: feed_forward("cdni", 2, replicas=r),
    "bp_lambda": lambda r: feed_forward("bp_lambda", 1, replicas=r),
    "mask": lambda r: feed_forward("dni", 1, replicas=r, decoupled="update", p_update=0.5),
    "cnn": lambda r: feed_forward("cdni", 1, "cnn", replicas=r),
    "bptt": lambda r: recurrent("bptt", r),
    "dni lstm": lambda r: recurrent("dni", r),
    "dni_aux": lambda r: recurrent("dni_aux", r),
    "two networks": lambda r: pair("dni", r),
}


def recorded(program, steps=1):
    with torch.no_grad():
        for _ in range(2):
            program.step()
        return op_counter.count(program.step, steps)


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_limit_does_the_products_of_the_step(name, replicas):
    steps = 5 if name == "mask" else 1
    found = recorded(PROGRAMS[name](replicas), steps)
    done = roofline.Roofline(found, roofline.Memory(CPU))
    with torch.no_grad():
        again = op_counter.count(done.step, steps)
    assert again.flops == found.flops > 0
    assert again.adam_bytes == found.adam_bytes > 0
    assert again.bytes < found.bytes


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "two networks"])
def test_what_is_counted_is_the_same_in_inference_mode(name):
    plain = recorded(PROGRAMS[name](1))
    with torch.inference_mode():
        program = PROGRAMS[name](1)
        for _ in range(2):
            program.step()
        found = op_counter.count(program.step, 1)
    assert (found.flops, found.adam_bytes) == (plain.flops, plain.adam_bytes)


@pytest.mark.parametrize("name", ["mask", "cdni", "dni lstm"])
def test_on_a_gpu_the_limit_is_replayed(name):
    """As a graph: what the host asks for again is nothing but its start."""
    found = recorded(PROGRAMS[name](2), 3)
    with SimulatedGPU(DEVICE_OF_AUTOGRAD) as gpu, torch.no_grad():
        done = roofline.Roofline(found, roofline.Memory(CPU)).replayed(gpu)
        with gpu.watching() as seen:
            for _ in range(6):
                done.step()
    assert seen.kernels == []


def test_the_limit_does_recorded_steps_in_turn():
    found = recorded(PROGRAMS["mask"](1), 5)
    done = roofline.Roofline(found, roofline.Memory(CPU))
    each = [sum(map(op_counter.flops, calls)) for calls in found.steps]
    assert len(set(each)) > 1
    with torch.no_grad():
        assert [op_counter.count(done.step).flops for _ in range(10)] == each * 2


def test_terms_of_a_sum_are_one_product_and_adams_in_a_row_one_adam():
    program = recurrent("bptt")
    calls = recorded(program).steps[0]
    groups = roofline.grouped(calls)
    lengths = [len(group) for group in groups if group[0].operation in op_counter.MATRICES]
    T = program.T
    assert sorted(lengths) == [1] * (T + 3 + T - 1) + [T]
    adams = [
        call for call in recorded(pair("end_to_end")).steps[0] if call.operation is op_counter.ADAM
    ]
    assert len(adams) == 2  # of A and of B
    assert roofline.grouped(adams) == [adams]


def test_memory_is_shared_as_in_the_step_and_written_apart_from_what_is_read():
    flat = torch.randn(40)
    w, x, grad = flat[:12].view(3, 4), torch.randn(4, 5), torch.empty(3, 4)

    def step():
        h = w @ x
        torch.mm(h, x.T, out=grad)
        return w.T @ h

    found = op_counter.count(step)
    done = roofline.Roofline(found, roofline.Memory(CPU))
    mm = {}
    with op_counter.Recorder() as recorder:
        done.step()
    for n, call in enumerate(recorder.calls):
        mm[n] = (*call.arguments, call.out)
    assert mm[0][0].memory == mm[2][0].memory  # w, and w transposed
    assert mm[0][1].memory == mm[1][1].memory  # x
    assert mm[0][0].memory[1] == 160
    assert mm[0][2].memory != mm[1][0].memory  # h as it is written, and as it is read
    assert [m[:2] for m in mm[2][0][:2]] == [m[:2] for m in found.steps[0][2].arguments[0][:2]]


def test_two_limits_use_the_same_memory():
    # recorded once: which values lie at one place in a step is up to its allocator
    large, small = (
        recorded(feed_forward(rule, m)) for rule, m in (("cdni", 2), ("backprop", None))
    )
    apart, memory = [], roofline.Memory(CPU)
    for steps in (large, small):
        alone = roofline.Memory(CPU)
        roofline.Roofline(steps, alone)
        apart.append(len(alone._blocks))
        roofline.Roofline(steps, memory)
    together = len(memory._blocks)
    assert max(apart) <= together <= max(apart) + min(apart) / 2
    for steps in (small, large, small):
        roofline.Roofline(steps, memory)
    assert len(memory._blocks) == together


def test_what_limits_read_is_never_written():
    """Or products feed products, until they are too small for a processor's fast path."""
    memory = roofline.Memory(CPU)
    programs = [feed_forward("cdni", 2), feed_forward("backprop", None), recurrent("dni")]
    limits = [roofline.Roofline(recorded(program), memory) for program in programs]
    read = [(block, block.clone()) for use, block in memory._blocks if use == roofline.READ]
    with torch.no_grad():
        for _ in range(50):
            for one in limits:
                one.step()
    assert len(read) > 4
    assert all(torch.equal(block, before) for block, before in read)
    for _, block in memory._blocks:
        assert block.isfinite().all()
        assert not ((block.abs() > 0) & (block.abs() < torch.finfo(block.dtype).tiny)).any()


def test_the_blocks_of_a_limit_are_apart_and_the_closest_in_size():
    memory, taken = roofline.Memory(CPU), set()
    sizes = [30, 3, 300, 3]
    blocks = [memory.block(roofline.READ, size, torch.float32, taken) for size in sizes]
    assert [len(block) for block in blocks] == sizes
    assert len({block.data_ptr() for block in blocks}) == 4
    again = set()
    closest = [memory.block(roofline.READ, size, torch.float32, again) for size in (25, 2)]
    assert [len(block) for block in closest] == [25, 2]
    assert [b.data_ptr() for b in closest] == [b.data_ptr() for b in blocks[:2]]
    assert memory.block(roofline.READ, 3, torch.float64, again).dtype == torch.float64
    written = memory.block(roofline.WRITTEN, 2, torch.float32, set())
    assert written.data_ptr() not in {block.data_ptr() for block in blocks}
    assert len(memory._blocks) == 6


@pytest.mark.parametrize("layout", roofline.LAYOUTS)
def test_maps_lie_as_asked(layout):
    found = recorded(feed_forward("backprop", None, "cnn"))
    done = roofline.Roofline(found, roofline.Memory(CPU), roofline.LAYOUTS[layout])
    with torch.no_grad(), op_counter.Recorder() as recorder:
        done.step()
    assert sum(map(op_counter.flops, recorder.calls)) == found.flops
    maps = [
        a for c in recorder.calls if c.operation in op_counter.CONVOLUTIONS for a in c.arguments
    ]
    placed = [a for a in maps if isinstance(a, op_counter.Placed) and min(a.shape[1:]) > 1]
    assert placed
    for place in placed:
        innermost = 1 if layout == "channels last" else 3
        assert place.stride[innermost] == 1


@pytest.mark.parametrize(
    ("network", "ways"), [("fcn", products.exact()), ("cnn", roofline.LAYOUTS)]
)
def test_the_best_way_is_one_of_those_there_are(network, ways):
    default = products.available()[0]
    found = recorded(feed_forward("backprop", None, network))
    with torch.no_grad():
        name, do = roofline.best(found, roofline.Memory(CPU), default)
        with FlopCounterMode(display=False) as counter:
            do()
    assert name in ways
    if network == "fcn":
        assert counter.get_total_flops() == found.flops
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"


def test_the_fastest_way_is_taken(monkeypatch):
    seconds, now = {"mkl": 3.0, "onednn": 2.0}, [0.0]
    monkeypatch.setattr(products, "exact", lambda: tuple(seconds))
    monkeypatch.setattr(roofline.time, "perf_counter", lambda: now[0])
    used = []
    monkeypatch.setattr(products, "use", used.append)

    def step(self):
        now[0] += seconds[used[-1]]

    monkeypatch.setattr(roofline.Roofline, "step", step)
    found = recorded(feed_forward("backprop", None))
    assert roofline.best(found, roofline.Memory(CPU), "mkl")[0] == "onednn"
    seconds["mkl"] = 1.0
    assert roofline.best(dataclasses.replace(found), roofline.Memory(CPU), "mkl")[0] == "mkl"
