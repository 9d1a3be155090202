"""Fargate sizes: legal, large enough, and none smaller would do."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import ProfilingError
from profiling_assets.operations.fargate import FargateSize, fargate_size, legal_sizes

needs = st.tuples(
    st.floats(0, 16),
    st.floats(0, 120 * 1024),
    st.floats(0, 197),
)


@given(needs)
def test_a_size_is_legal_and_holds_what_is_needed(need: tuple[float, float, float]) -> None:
    vcpu, memory, storage = need
    size = fargate_size(vcpu, memory, storage)
    assert (size.cpu, size.memory) in legal_sizes()
    assert 21 <= size.storage <= 200
    assert size.cpu >= vcpu * 1024
    assert size.memory >= memory
    assert size.storage >= storage


@given(needs)
def test_no_other_legal_size_that_holds_it_has_less_of_anything(
    need: tuple[float, float, float],
) -> None:
    vcpu, memory, storage = need
    size = fargate_size(vcpu, memory, storage)
    holding = [(c, m) for c, m in legal_sizes() if c >= vcpu * 1024 and m >= memory]
    assert all(c >= size.cpu and m >= size.memory for c, m in holding)


@given(needs, needs)
def test_who_needs_more_gets_no_less(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    small = fargate_size(*(min(pair) for pair in zip(one, other, strict=True)))
    large = fargate_size(*(max(pair) for pair in zip(one, other, strict=True)))
    assert small.cpu <= large.cpu
    assert small.memory <= large.memory
    assert small.storage <= large.storage


@pytest.mark.parametrize(
    ("need", "size"),
    [
        ((0.25, 512, 0), (256, 512, 21)),
        ((0.25, 1025, 18), (256, 2048, 21)),  # 1.5 GiB is not sold at this size
        ((1, 1000, 18.1), (1024, 2048, 22)),
        ((1, 8193, 100), (2048, 9216, 103)),
        ((4, 30721, 0), (8192, 32768, 21)),
        ((16, 120 * 1024, 197), (16384, 122880, 200)),
    ],
)
def test_sizes_by_hand(need: tuple[float, float, float], size: tuple[int, int, int]) -> None:
    assert fargate_size(*need) == FargateSize(*size)


@pytest.mark.parametrize(
    ("need", "named"),
    [
        ((16.1, 1, 1), "16.1 virtual CPUs (most 16)"),
        ((1, 122881, 1), "122881 MiB of memory (most 122880)"),
        ((1, 1, 197.5), "197.5 GiB of scratch space (most 197)"),
    ],
)
def test_what_no_task_holds_is_named_with_a_remedy(
    need: tuple[float, float, float], named: str
) -> None:
    with pytest.raises(ProfilingError) as caught:
        fargate_size(*need)
    assert named in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize("need", [(-1, 1, 1), (1, float("nan"), 1), (1, 1, float("inf"))])
def test_numbers_that_are_no_sizes_are_refused(need: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        fargate_size(*need)


def test_tags_are_those_that_the_run_launcher_reads() -> None:
    from dagster_aws.ecs import EcsRunLauncher

    source = inspect.getsource(EcsRunLauncher)
    tags = fargate_size(1, 2048, 30).tags()
    assert tags == {"ecs/cpu": "1024", "ecs/memory": "2048", "ecs/ephemeral_storage": "33"}
    for name in tags:
        assert f'"{name}"' in source
