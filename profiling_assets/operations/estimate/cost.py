"""What an estimate costs, for prices that the user gives.

Put here: the prices file, and costs made of it.
Do not put here: a price. Prices change and differ between regions and contracts.
"""

from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from profiling_assets.errors import ConfigError
from profiling_assets.operations.estimate import rates
from profiling_assets.operations.estimate.batches import Estimate, machine_for, plates_at_once
from profiling_assets.operations.fargate import FargateSize

_HOUR = 3600.0
_GIB = 2**30
_RUNS = 2  # of a plate, and of a batch
_REMEDY = "see docs/estimate.md for the keys; docs/prices-example.yml is a file to fill in"


class MachinePrice(BaseModel):
    """A machine that can be rented."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    cores: int = Field(ge=1)
    memory_gb: float = Field(gt=0)
    hour: float = Field(ge=0)


class Prices(BaseModel):
    """The prices file; every price is the user's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    currency: str
    vcpu_hour: float = Field(ge=0)
    memory_gb_hour: float = Field(ge=0)
    scratch_gb_hour: float = Field(default=0.0, ge=0)
    task_start_seconds: float = Field(default=0.0, ge=0)
    storage_gb_month: float = Field(ge=0)
    list_requests_per_1000: float = Field(default=0.0, ge=0)
    get_requests_per_1000: float = Field(default=0.0, ge=0)
    put_requests_per_1000: float = Field(default=0.0, ge=0)
    machines: tuple[MachinePrice, ...] = ()


@dataclass(frozen=True)
class MachineCost:
    """What a rented machine costs until all is built."""

    name: str
    at_once: int  # plates at once; 0 where it is too small
    hours: float
    cost: float  # of these hours


@dataclass(frozen=True)
class Cost:
    """What an estimate costs, in the currency of the prices file."""

    currency: str  # as the file calls it
    tasks: float  # one task a run, each of its own size, for the time it runs
    unpriced: int  # plates and batches that no task is large enough for; they are not in `tasks`
    storage_month: float  # all results, for a month
    requests: float  # requests to S3, once
    machines: tuple[MachineCost, ...]


def parse_prices(text: str, *, path: str) -> Prices:
    """Read a prices file.

    Raises `ConfigError` where it is no YAML, lacks a price, or has a key that is not known.
    """
    try:
        said: Any = yaml.safe_load(text)
        return Prices.model_validate(said)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors()
        )
        raise ConfigError(problems, path=path, remedy=_REMEDY) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # PyYAML's own way to say that there is no such day, or that lists are nested too deep
        raise ConfigError(f"it is not YAML ({error})", path=path, remedy=_REMEDY) from error


def cost_of(estimate: Estimate, prices: Prices, *, at_once: int | None = None) -> Cost:
    """Say what an estimate costs.

    It is what is expected, without the spread. `at_once` is how many plates a rented machine builds
    at once at most; else as many as it holds.
    """
    parts = (*estimate.plates, *estimate.batches)
    priced = [
        _of_task(one.task, prices)
        * (one.cpu_seconds.expected + _RUNS * prices.task_start_seconds)
        / _HOUR
        for one in parts
        if one.task is not None
    ]
    asked = estimate.requests
    requests = (
        asked.listing * prices.list_requests_per_1000
        + asked.get * prices.get_requests_per_1000
        + asked.put * prices.put_requests_per_1000
    ) / 1000
    return Cost(
        currency=prices.currency,
        tasks=sum(priced),
        unpriced=len(parts) - len(priced),
        storage_month=estimate.result_bytes.expected / rates.GB * prices.storage_gb_month,
        requests=requests,
        machines=tuple(_of_machine(estimate, machine, at_once) for machine in prices.machines),
    )


def _of_task(task: FargateSize, prices: Prices) -> float:
    return (
        task.cpu / 1024 * prices.vcpu_hour
        + task.memory / 1024 * prices.memory_gb_hour
        + task.storage * prices.scratch_gb_hour
    )


def _of_machine(estimate: Estimate, machine: MachinePrice, at_once: int | None) -> MachineCost:
    fitting = plates_at_once(estimate, machine.cores, machine.memory_gb * _GIB)
    if at_once is not None:
        fitting = min(fitting, at_once)
    if fitting == 0:
        return MachineCost(machine.name, 0, 0.0, 0.0)
    hours = machine_for(estimate, fitting).seconds.expected / _HOUR
    return MachineCost(machine.name, fitting, hours, hours * machine.hour)
