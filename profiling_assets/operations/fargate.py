"""AWS Fargate: which task sizes there are, and the smallest that holds a plate.

Put here: the sizes that AWS accepts, and the tags by which a run asks for one.
Do not put here: what a plate needs, prices, the launcher itself (`dagster.yaml` names it).
Sizes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
Tags: `dagster_aws.ecs.EcsRunLauncher` reads them from the run and they win over `run_resources`.
"""

import math
from dataclasses import dataclass

from profiling_assets.errors import ProfilingError

CPU_TAG = "ecs/cpu"
MEMORY_TAG = "ecs/memory"
STORAGE_TAG = "ecs/ephemeral_storage"

_GIB = 1024  # MiB
# CPU units (1,024 are a virtual CPU) to the legal memory, in MiB. At 256 units
# 1.5 GiB is not sold.
_MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
# 20 GiB come with every task; the least that may be asked for is 21
_STORAGE_LEAST, _STORAGE_MOST = 21, 200
# the unpacked image lies on the same disk
_IMAGE_GIB = 3.0


@dataclass(frozen=True)
class FargateSize:
    """A task size that Fargate accepts."""

    cpu: int  # CPU units; 1,024 are a virtual CPU
    memory: int  # MiB
    storage: int  # GiB of ephemeral storage, the image included

    def tags(self) -> dict[str, str]:
        """Return the tags by which a run asks for a task of this size.

        All three, so that no part of the deployment's own `run_resources` is mixed in.
        """
        return {
            CPU_TAG: str(self.cpu),
            MEMORY_TAG: str(self.memory),
            STORAGE_TAG: str(self.storage),
        }


def legal_sizes() -> tuple[tuple[int, int], ...]:
    """Return every pair of CPU units and MiB that Fargate accepts, small to large."""
    return tuple((cpu, memory) for cpu, sizes in _MEMORY.items() for memory in sizes)


def fargate_size(vcpu: float, memory_mib: float, storage_gib: float) -> FargateSize:
    """Choose the smallest Fargate task that holds what a plate needs.

    No other legal size that holds it has less of anything, so it is also the cheapest.

    `memory_mib` is what the run's process needs at its peak, `storage_gib` its scratch space; room
    for the image is added. Raises `ProfilingError` where the largest task is too small, and names
    every number that is too large.
    """
    needs = (vcpu, memory_mib, storage_gib)
    if not all(math.isfinite(need) and need >= 0 for need in needs):
        message = f"sizes are finite and not negative: {needs}"
        raise ValueError(message)
    storage = max(math.ceil(storage_gib + _IMAGE_GIB), _STORAGE_LEAST)
    fitting = [size for size in legal_sizes() if size[0] >= vcpu * _GIB and size[1] >= memory_mib]
    if not fitting or storage > _STORAGE_MOST:
        raise _too_large(vcpu, memory_mib, storage_gib)
    cpu, memory = fitting[0]
    return FargateSize(cpu, memory, storage)


def _too_large(vcpu: float, memory_mib: float, storage_gib: float) -> ProfilingError:
    most_cpu, most_memory = legal_sizes()[-1]
    problems = [
        f"{need:g} {unit} (most {most:g})"
        for need, most, unit in (
            (vcpu, most_cpu / _GIB, "virtual CPUs"),
            (memory_mib, most_memory, "MiB of memory"),
            (storage_gib, _STORAGE_MOST - _IMAGE_GIB, "GiB of scratch space"),
        )
        if need > most
    ]
    return ProfilingError(
        f"no Fargate task is large enough for {', '.join(problems)}",
        remedy="build this plate on a machine of your own (deploy/celery), "
        "or with fewer CPUs, which takes longer",
    )
