"""What plates, batches and machines need, and what that costs."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import ConfigError
from profiling_assets.operations.estimate.batches import (
    Estimate,
    estimate_workspace,
    machine_for,
    machines,
    plates_at_once,
)
from profiling_assets.operations.estimate.cost import cost_of, parse_prices
from profiling_assets.operations.estimate.plate import PlateWeight, Requests, estimate_plate
from profiling_assets.workspace.names import PlateKey

GB = 10**9
EXAMPLE = Path(__file__).parents[2] / "docs" / "prices-example.yml"
WEIGHTS = st.builds(
    PlateWeight,
    key=st.builds(PlateKey, st.sampled_from(["B1", "B2"]), st.sampled_from(["000123", "P-1.x"])),
    csv_bytes=st.integers(0, 10**11),
    files=st.integers(0, 20_000),
    keys=st.integers(0, 50_000),
    sites=st.integers(0, 3456),
    wells=st.none() | st.integers(0, 1536),
    backend_bytes=st.integers(0, 10**10),
)


def weight(
    plate: str = "PL-1", *, csv_bytes: int = 20 * GB, wells: int | None = 384
) -> PlateWeight:
    return PlateWeight(PlateKey("B1", plate), csv_bytes, 13_824, 17_280, 3456, wells)


def of_plates(count: int) -> Estimate:
    return estimate_workspace(weight(f"PL-{number:03d}") for number in range(count))


@given(WEIGHTS)
def test_what_is_expected_lies_within_its_spread_and_nothing_is_negative(one: PlateWeight) -> None:
    estimate = estimate_plate(one)
    for figure in (estimate.sqlite_bytes, estimate.result_bytes, estimate.cpu_seconds):
        assert 0 <= figure.low <= figure.expected <= figure.high < math.inf
    assert estimate.memory_bytes > 0
    assert estimate.scratch_bytes >= estimate.sqlite_bytes.high


@given(st.integers(0, 10**11), st.integers(0, 10**11))
def test_a_heavier_plate_needs_no_less(one: int, other: int) -> None:
    light, heavy = (estimate_plate(weight(csv_bytes=size)) for size in sorted((one, other)))
    assert light.cpu_seconds.expected <= heavy.cpu_seconds.expected
    assert light.memory_bytes <= heavy.memory_bytes
    assert light.scratch_bytes <= heavy.scratch_bytes


@given(st.lists(WEIGHTS, max_size=5), st.integers(1, 10))
def test_a_workspace_needs_the_sum_of_its_parts(weights: list[PlateWeight], at_once: int) -> None:
    estimate = estimate_workspace(weights)
    parts = (*estimate.plates, *estimate.batches)
    assert estimate.cpu_seconds.high == pytest.approx(sum(p.cpu_seconds.high for p in parts))
    assert [one.batch for one in estimate.batches] == sorted({w.key.batch for w in weights})
    machine = machine_for(estimate, at_once)
    assert machine.seconds.low <= machine.seconds.expected <= machine.seconds.high
    assert machine.memory_bytes >= estimate.memory_bytes


def test_a_task_holds_the_memory_and_the_scratch_space_of_its_plate() -> None:
    estimate = estimate_plate(weight())
    assert estimate.task is not None
    assert estimate.task.memory * 2**20 >= estimate.memory_bytes
    assert estimate.task.storage * 2**30 >= estimate.scratch_bytes


def test_a_plate_that_no_task_holds_says_so_and_is_not_priced() -> None:
    estimate = estimate_workspace([weight(csv_bytes=1000 * GB)])
    assert estimate.plates[0].task is None
    prices = parse_prices(EXAMPLE.read_text(), path="prices.yml")
    assert cost_of(estimate, prices).unpriced == 1


def test_a_plate_that_starts_at_its_backend_makes_none_and_needs_a_copy_of_it() -> None:
    estimate = estimate_plate(PlateWeight(PlateKey("B1", "P"), 0, 0, 1, 0, None, 3 * GB))
    assert estimate.sqlite_bytes.high == 0
    assert estimate.scratch_bytes == 3 * GB
    assert estimate.weight.bytes_in == 3 * GB
    assert estimate.weight.counted_wells == 384


def test_requests_follow_keys_files_and_parts() -> None:
    asked = estimate_plate(weight(csv_bytes=0)).requests
    assert asked == Requests(listing=3 * 18, get=13_824, put=40)


def test_four_plates_at_once_take_a_quarter_of_the_time_until_one_is_left() -> None:
    estimate = of_plates(32)
    one, four, all_of_them = (machine_for(estimate, count) for count in (1, 4, 32))
    assert four.seconds.expected == pytest.approx(one.seconds.expected / 4)
    slowest = estimate.plates[0].cpu_seconds.expected + estimate.batches[0].cpu_seconds.expected
    assert all_of_them.seconds.expected >= slowest
    assert machine_for(estimate, 100) == all_of_them
    assert [machine.at_once for machine in machines(estimate)] == [1, 4, 16, 32]


def test_memory_or_cores_limit_the_plates_at_once() -> None:
    estimate = of_plates(8)
    enough = machine_for(estimate, 3).memory_bytes
    assert plates_at_once(estimate, cores=16, memory_bytes=enough) == 3
    assert plates_at_once(estimate, cores=2, memory_bytes=enough) == 2
    assert plates_at_once(estimate, cores=16, memory_bytes=GB) == 0


def test_a_workspace_without_plates_needs_nothing() -> None:
    estimate = estimate_workspace([])
    assert estimate.cpu_seconds.high == estimate.bytes_in == 0
    assert machines(estimate) == ()


def test_costs_are_the_users_prices_times_the_estimate() -> None:
    text = (
        "currency: EUR\nvcpu_hour: 2\nmemory_gb_hour: 0\nstorage_gb_month: 3\n"
        "get_requests_per_1000: 10\nmachines: [{name: m, cores: 4, memory_gb: 64, hour: 8}]\n"
    )
    estimate = of_plates(2)
    cost = cost_of(estimate, parse_prices(text, path="prices.yml"), at_once=1)
    hours = estimate.cpu_seconds.expected / 3600
    assert cost.tasks == pytest.approx(2 * hours)
    assert cost.requests == pytest.approx(2 * 13.824 * 10)
    assert cost.storage_month == pytest.approx(3 * estimate.result_bytes.expected / GB)
    assert (cost.machines[0].at_once, cost.machines[0].cost) == (1, pytest.approx(8 * hours))


def test_the_start_of_a_task_is_paid_too() -> None:
    text = "currency: EUR\nvcpu_hour: 3600\nmemory_gb_hour: 0\nstorage_gb_month: 0\n"
    estimate = of_plates(1)
    plain, slow = (
        cost_of(estimate, parse_prices(said, path="prices.yml")).tasks
        for said in (text, f"{text}task_start_seconds: 60\n")
    )
    assert slow - plain == pytest.approx(4 * 60)  # two runs of the plate, two of the batch


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vcpu_hour: 1", "currency: Field required"),
        (EXAMPLE.read_text() + "vpcu: 1\n", "vpcu: Extra inputs"),
        (EXAMPLE.read_text().replace("vcpu_hour: 1.0", "vcpu_hour: -1"), "vcpu_hour: Input should"),
        (EXAMPLE.read_text().replace("vcpu_hour: 1.0", "vcpu_hour: .inf"), "vcpu_hour: Input"),
        (EXAMPLE.read_text().replace("vcpu_hour: 1.0", "vcpu_hour: .nan"), "vcpu_hour: Input"),
        ("currency: 2024-13-45", "it is not YAML"),
        ("[" * 3000, "it is not YAML"),
        ("a: [", "it is not YAML"),
        ("", "the file: Input should be"),
    ],
)
def test_a_prices_file_that_is_wrong_is_refused_with_the_key(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"prices\.yml") as caught:
        parse_prices(text, path="prices.yml")
    assert said in str(caught.value)


def test_the_example_prices_say_that_they_are_none() -> None:
    text = EXAMPLE.read_text()
    assert "EXAMPLE VALUE" in text
    assert parse_prices(text, path="example").currency == "EXAMPLE"
