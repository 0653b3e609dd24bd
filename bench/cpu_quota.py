"""The processor time that control groups (cgroups) leave this process, of versions 1 and 2.

A container or a batch system may show all cores of a machine and pay for a part of their time.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
_CPU = ("cpu", "cpu,cpuacct", "cpuacct,cpu")  # where version 1 mounts its controller


def cpu_quota() -> float | None:
    """Return how many cores' time this process may use; None where there is no limit.

    A group's limit holds for those below it, so it is the least of the process's own group and of
    all above it.
    """
    found = [quota for group in _groups() if (quota := _quota(group)) is not None]
    return min(found, default=None)


def _groups() -> Iterator[Path]:
    """Yield the folders of this process's groups and of those above them, as far as they show.

    Within a container the path of its own group may be one that only the host has.
    """
    try:
        lines = OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    v1, v2 = PurePosixPath("/"), PurePosixPath("/")
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            v2 = PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            v1 = PurePosixPath(path)
    for root, path in ((ROOT, v2), *((ROOT / name, v1) for name in _CPU)):
        for group in (path, *path.parents):
            yield root.joinpath(*(part for part in group.parts if part not in ("/", "..")))


def _quota(group: Path) -> float | None:
    """Return the limit of a group in cores; None where it has none."""
    try:
        if (group / "cpu.max").exists():
            most, period = (group / "cpu.max").read_text(encoding="ascii").split()
        else:
            most = (group / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii")
        cores = int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # `max`: no limit
        return None
    return cores if cores > 0 else None  # -1: no limit
