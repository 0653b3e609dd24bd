"""cDNI: DNI whose models M also see the label, one-hot, joined to h (Table 1)."""

from ..contract import Rule
from .dni import FROZEN_BELOW, decoupled_step, step, targets

__all__ = ["RULE", "decoupled_step", "step", "targets"]

RULE = Rule(
    name="cdni",
    label="cDNI",
    sentence="as DNI, and M also sees the label",
    color="#029e73",
    families=("feedforward",),
    version=1,
    source="arXiv 1608.05343v1, Table 1",
    hyperparameters=(FROZEN_BELOW,),
    model="M with label",
    locking="forward",
    frozen_below="frozen_below",
    schedules=("unlocked", "completely_unlocked"),
)
