"""cDNI: DNI whose models M also see the label, one-hot, joined to h (Table 1)."""

from .dni import step

__all__ = ["CONDITIONED", "SYNTHETIC", "TRAINS_HIDDEN", "UNLOCKS", "VERSION", "step"]

VERSION = 1
SYNTHETIC = True
CONDITIONED = True
TRAINS_HIDDEN = True
UNLOCKS = True
