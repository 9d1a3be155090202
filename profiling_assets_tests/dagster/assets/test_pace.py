"""What a long step says of itself while it runs."""

from profiling_assets.dagster.assets.backend import Pace


def test_sites_rate_and_time_left_are_told_every_few_seconds_and_at_the_end() -> None:
    pace = Pace("sites", 100.0)
    told = [pace.told(second, 3456, 100.0 + second) for second in range(1, 21)]
    assert [line for line in told if line] == [
        "6 of 3456 sites, 1 a second, 58 min left",
        "12 of 3456 sites, 1 a second, 57 min left",
        "18 of 3456 sites, 1 a second, 57 min left",
    ]
    assert pace.told(3456, 3456, 121.0) == "3456 of 3456 sites, 165 a second"


def test_the_rate_is_that_of_the_last_minute() -> None:
    pace = Pace("sites", 0.0)
    for second in range(1, 300):
        pace.told(second, 10_000, float(second))
    for second in range(300, 400):
        pace.told(300 + 10 * (second - 300), 10_000, float(second))
    assert pace.told(1300, 10_000, 410.0) == "1300 of 10000 sites, 8.36 a second, 17 min left"


def test_a_second_pass_begins_anew_and_a_clock_that_stands_divides_by_nothing() -> None:
    pace = Pace("sites", 0.0, every=0.0)
    assert pace.told(0, 5, 0.0) is None
    assert pace.told(5, 5, 0.0) == "5 of 5 sites"
    assert pace.told(1, 5, 10.0) == "1 of 5 sites"
    assert pace.told(2, 5, 20.0) == "2 of 5 sites, 0.1 a second, 30 s left"


def test_hours_are_told_as_hours() -> None:
    pace = Pace("sites", 0.0)
    assert pace.told(1, 3601, 10.0) == "1 of 3601 sites, 0.1 a second, 10 h 0 min left"
