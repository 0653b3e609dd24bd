"""The interfaces that a learning rule is written against: layers, models and networks.

`contract` says what a rule declares and defines; its functions are given objects of these types.
The classes of `families` implement them. Free of torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

if TYPE_CHECKING:
    from torch import Size, Tensor

Pullback = Callable[..., Any]
"""`dx = pullback(delta)` writes the gradients of a layer's weights and returns that at its input;
with `need_input=False` it only writes, and with `feedback=B`, of the shape of the layer's weight,
the gradient at the input goes through B in place of the weight. It may be called again."""


class Layer(Protocol):
    """A layer, or several in sequence: `h, pullback = layer(x)`."""

    def __call__(self, x: Tensor) -> tuple[Tensor, Pullback]:
        """Run in training mode."""
        ...

    def evaluate(self, x: Tensor) -> Tensor:
        """Run in evaluation mode, by the running statistics."""
        ...


class Model(Protocol):
    """A synthetic-gradient model M: `synthetic, learn = model(h, one_hot)`."""

    def __call__(self, h: Tensor, one_hot: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Return the gradient predicted at h, and the function that teaches M.

        That function takes M's target and writes M's gradients.
        """
        ...


class Draw(Protocol):
    """Random tensors [R, *shape] that depend on each replica's seed and on `name` alone."""

    def uniform(self, name: str, shape: Sequence[int], bound: float) -> Tensor:
        """Return values of U(-bound, bound)."""
        ...

    def normal(self, name: str, shape: Sequence[int], deviation: float) -> Tensor:
        """Return values of N(0, deviation^2)."""
        ...


class Noise(Protocol):
    """Random numbers that go on from step to step, in streams by replica and name."""

    def uniform(self, name: str, shape: Sequence[int]) -> Tensor:
        """Return the next numbers of U(0, 1) of the stream `name`, [R, *shape], float32."""
        ...


class FeedForwardNetwork(Protocol):
    """A feed-forward network of R replicas, as a rule's `step` sees it.

    h is what a layer gives: [R, units, B] of a fully connected layer, [B, R * filters, H, W] of a
    convolutional one.

    Attributes:
        replicas: R.
        classes: K.
        hidden: the hidden layers, bottom first.
        hidden_shapes: the shape of each one's h, of one example and replica: (units,) or
            (filters, H, W).
        frozen: how many hidden layers, from the bottom, keep their initial weights
            (`Rule.frozen_below`).
        models: an M for each hidden layer above those; none where the rule asks for none.
        heads: a linear classifier for each hidden layer, which starts at zero; none where the
            rule asks for no auxiliary outputs.
        maps: a trained linear map without bias for each hidden layer (`Rule.maps`); none where the
            rule asks for none.
        weight_shapes: the shape of each hidden layer's weight, bottom first, and the classifier's.
        noise: random numbers that a rule may draw at every step.
        hyperparameters: the rule's own numbers; a tensor that broadcasts on h where the replicas
            differ.
        kept: what `setup` returned: tensors whose first dimension is R.
    """

    replicas: int
    classes: int
    hidden: Sequence[Layer]
    hidden_shapes: Sequence[tuple[int, ...]]
    frozen: int
    models: Sequence[Model]
    heads: Sequence[Layer]
    maps: Sequence[Layer]
    weight_shapes: Sequence[tuple[int, ...]]
    noise: Noise
    hyperparameters: Mapping[str, float | Tensor]
    kept: dict[str, Tensor]

    def encode(self, labels: Tensor) -> Tensor:
        """Return labels [R, B] as one-hot [R, K, B]."""
        ...

    def classify(self, h: Tensor) -> tuple[Tensor, Pullback]:
        """Return the logits [R, K, B] of the top hidden layer's h, and the pullback."""
        ...

    def loss_gradient(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch-mean loss at logits [R, K, B].

        It is softmax cross-entropy unless the cell's `loss_function` says otherwise.
        """
        ...

    def loss(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the batch-mean loss [R] of logits [R, K, B], in nats."""
        ...

    def flatten(self, h: Tensor) -> Tensor:
        """Return h as [R, features, B]."""
        ...

    def unflatten(self, flat: Tensor, shape: Size) -> Tensor:
        """Return [R, features, B] in the shape `shape` of an h."""
        ...


Mask: TypeAlias = Union[Sequence[Sequence[bool]], "Tensor"]
"""For each replica, whether each layer is active at a step, bottom first, the classifier last.

On a GPU it is a tensor of booleans [R, layers] there, and to ask for one of them is to wait."""

Some: TypeAlias = Union[Sequence[bool], "Tensor"]
"""A choice among R replicas: a boolean for each, on a GPU as a tensor [R]."""


class DecoupledNetwork(FeedForwardNetwork, Protocol):
    """A feed-forward network whose layers have update masks, as `decoupled_step` sees it.

    Attributes:
        input_models: for each hidden layer a model I that predicts its h from x, for the steps
            at which the layer is idle; none where idle layers run forward too.
    """

    input_models: Sequence[Layer]

    def run_for(self, block: Layer | Model, replicas: Some, x: Any, *more: Any) -> Any:
        """Run `block(x, *more)`, moving the running statistics of those replicas only."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardPass:
    """One forward pass through a feed-forward network, for the diagnosis of its models.

    Attributes:
        pullbacks: of the hidden layers, bottom first.
        synthetic: the gradient that each M predicts at its layer's h, bottom first.
        top: the true gradient at the topmost h.
    """

    pullbacks: Sequence[Pullback]
    synthetic: Sequence[Tensor]
    top: Tensor


class Unroll(Protocol):
    """The steps of one unroll, with what their pullback needs.

    Attributes:
        steps: T.
    """

    @property
    def steps(self) -> int:
        """T."""
        ...

    def state(self, step: int) -> Tensor:
        """Return the state [R, state size, B] before `step`; T gives the one at the end."""
        ...


class Core(Protocol):
    """The recurrent core of a network: an LSTM (`nn.lstm`)."""

    def pull(
        self, tape: Any, deltas: Tensor | None, end: Tensor | None, need_start: bool = True
    ) -> Any:
        """Return the gradient at the state before the unroll `tape`, [R, state size, B].

        Args:
            tape: the unroll.
            deltas: the gradient at every output, [R, H, T, B]; None for zero.
            end: the gradient at the state after the unroll, [R, state size, B]; None for zero.
            need_start: with False nothing is returned, and less is computed.
        """
        ...

    def learn(self, *tapes: Any) -> None:
        """Write the gradient of the weights that the last `pull` of each unroll gives, summed."""
        ...


class RecurrentNetwork(Protocol):
    """A recurrent network of R replicas, as a rule's `unroll` sees it.

    Attributes:
        core: the recurrent core.
        streams: B.
        loss: of the last unroll, summed over its steps and streams, [R], nats.
        factor: the factor on a synthetic gradient where it is used (`sg_factor`).
        hyperparameters: the rule's own numbers.
        kept: what `setup` returned.
    """

    core: Core
    streams: int
    loss: Tensor
    factor: float
    hyperparameters: Mapping[str, float | Tensor]
    kept: dict[str, Tensor]

    def forward(self, inputs: Tensor, targets: Tensor) -> tuple[Unroll, Tensor]:
        """Run T steps from the carried state; return them and the gradient at every output."""
        ...

    def previous_unroll(self) -> Unroll | None:
        """Return the previous unroll; None in the first update or without auxiliary outputs."""
        ...

    def synthetic_gradient(self, state: Tensor) -> Tensor:
        """Return the gradient that M predicts at a state [R, state size, B]."""
        ...

    def learn_synthetic_gradient(self, state: Tensor, target: Tensor) -> None:
        """Write the gradients of M for what it should have predicted at a state."""
        ...

    def auxiliary_deltas(self, before: Any, now: Any, weight: float | Tensor) -> Tensor:
        """Return the gradient of `weight` times the auxiliary losses at the outputs of `before`."""
        ...


class NetworkPair(Protocol):
    """Two networks of R replicas, as a rule's `cycle` sees them: A sends B a message every T steps.

    Attributes:
        T: steps between messages; a cycle has T * T.
        factor: the factor on a synthetic gradient where it is used (`sg_factor`).
        hyperparameters: the rule's own numbers.
        kept: what `setup` returned.
    """

    T: int
    factor: float
    hyperparameters: Mapping[str, float | Tensor]
    kept: dict[str, Tensor]

    def run_a_window(self, digits: Tensor) -> tuple[Tensor, Tensor]:
        """Run A for a window of T steps; return the logits of its count, and its message."""
        ...

    def step_b(self, message: Tensor, at: int) -> None:
        """Run B for a step on the message number `at` of the cycle, from 0."""
        ...

    def b_logits(self) -> Tensor:
        """Return the logits of B's count."""
        ...

    def loss(self, name: str, logits: Tensor, counts: Tensor) -> Tensor:
        """Return the loss [R] of the counts of `a` or `b`."""
        ...

    def learn(
        self,
        parts: str,
        outputs: Sequence[Tensor],
        deltas: Sequence[Tensor | None] | None = None,
        at: Sequence[Tensor] = (),
    ) -> list[Tensor]:
        """Write the gradients of the weights of `parts`; return those at the tensors `at`."""
        ...

    def synthetic_gradient(self, message: Tensor) -> Tensor:
        """Return the gradient that M predicts at a message."""
        ...

    def learn_synthetic_gradient(
        self, messages: Sequence[Tensor], targets: Sequence[Tensor]
    ) -> None:
        """Write the gradients of M for what it should have predicted at a cycle's messages."""
        ...


Cycle = Iterator[str]
"""The result of `cycle`: it yields `a`, `b` or `m`, the part whose gradients are now written and
which is updated before the cycle goes on."""
