"""Blueprints of recurrent layers: the shapes of their weights, free of torch."""

import math
from dataclasses import dataclass

from .blueprint import LayerSpec, Shape


@dataclass(frozen=True, slots=True)
class LSTMSpec(LayerSpec):
    """An LSTM core on one-hot inputs of `symbols`; the bias is the first column of its weight."""

    symbols: int
    units: int

    @property
    def shapes(self) -> dict[str, Shape]:
        """`weight`, for [1; input; h], in gate order i, f, o, g."""
        return {"weight": (4 * self.units, 1 + self.symbols + self.units)}

    @property
    def fan_in(self) -> int:
        """The units."""
        return self.units

    @property
    def state_size(self) -> int:
        """Features of the state: h and c."""
        return 2 * self.units

    def output(self, shape: Shape) -> Shape:
        """Return h's."""
        del shape
        return (self.units,)

    def multiplications(self, shape: Shape) -> int:
        """Return the size of the weight: those of a step."""
        del shape
        return math.prod(self.shapes["weight"])


@dataclass(frozen=True, slots=True)
class BatchNormLSTMSpec(LayerSpec):
    """An LSTM with batch-normalised recurrence; each of `steps` steps has its own statistics."""

    units: int
    steps: int

    @property
    def shapes(self) -> dict[str, Shape]:
        """`input`, `hidden`, `bias` and the gammas, in gate order i, f, o, g."""
        gates = 4 * self.units
        return {
            "input": (gates, self.units),
            "hidden": (gates, self.units),
            "bias": (gates,),
            "input_gamma": (gates,),
            "hidden_gamma": (gates,),
        }

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running mean and variance of both products."""
        return {
            f"{source}_{what}": (self.steps, 4 * self.units)
            for source in ("input", "hidden")
            for what in ("mean", "variance")
        }

    @property
    def fan_in(self) -> int:
        """The units."""
        return self.units

    def multiplications(self, shape: Shape) -> int:
        """Return the sizes of `input` and `hidden`: those of a step."""
        del shape
        return 8 * self.units**2


@dataclass(frozen=True, slots=True)
class MessageSpec(LayerSpec):
    """Linear, then batch norm, of `units` to as many; the norm would subtract a bias."""

    units: int

    @property
    def shapes(self) -> dict[str, Shape]:
        """`weight`, `gamma` and `beta`."""
        return {
            "weight": (self.units, self.units),
            "gamma": (self.units,),
            "beta": (self.units,),
        }

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running `mean` and `variance`."""
        return {"mean": (self.units,), "variance": (self.units,)}

    @property
    def fan_in(self) -> int:
        """The units."""
        return self.units

    def multiplications(self, shape: Shape) -> int:
        """Return the size of the weight."""
        del shape
        return self.units**2
