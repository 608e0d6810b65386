"""When a dead process is started anew, by a clock that the test moves."""

from concord.engines.restart import Limits, RestartPolicy


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_delays_double_from_half_a_second_and_the_fifth_death_gives_up() -> None:
    policy = RestartPolicy(Limits(), Seconds())
    assert [policy.died() for _ in range(5)] == [0.5, 1, 2, 4, None]


def test_delays_never_pass_ten_seconds() -> None:
    policy = RestartPolicy(Limits(deaths=100), Seconds())
    assert [policy.died() for _ in range(40)][4:8] == [8, 10, 10, 10]


def test_deaths_of_the_last_minute_alone_count() -> None:
    clock = Seconds()
    policy = RestartPolicy(Limits(), clock)
    for _ in range(20):
        assert policy.died() is not None
        clock.now += 15.1  # four within any minute


def test_a_quiet_minute_starts_from_half_a_second_again() -> None:
    clock = Seconds()
    policy = RestartPolicy(Limits(), clock)
    assert [policy.died(), policy.died()] == [0.5, 1]
    clock.now += 60
    assert policy.died() == 0.5
