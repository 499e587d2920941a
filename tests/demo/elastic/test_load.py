"""The load: its courses, its arrivals, its bounds."""

from __future__ import annotations

import random

import pytest

from mape.demo.elastic.load import PROFILES, WORK, parse_options, requests


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_stays_between_light_and_heavy(name: str) -> None:
    heights = [PROFILES[name](x / 1000) for x in range(1001)]
    assert all(0.0 <= height <= 1.0 for height in heights)


@pytest.mark.parametrize("name", ["wave", "step", "spike"])
def test_a_profile_goes_from_light_to_heavy_and_back(name: str) -> None:
    profile = PROFILES[name]
    assert profile(0.0) == pytest.approx(0.0)
    assert profile(1.0) == pytest.approx(0.0)
    assert max(profile(x / 1000) for x in range(1001)) == pytest.approx(1.0)


def test_the_same_seed_makes_the_same_requests() -> None:
    first, second, other = (list(requests(random.Random(seed), PROFILES["wave"], 20, 100, 10)) for seed in (1, 1, 2))
    assert first == second != other


def test_the_arrivals_follow_the_profile() -> None:
    arrivals = [request.at for request in requests(random.Random(1), PROFILES["step"], 20, 200, 100)]
    light = sum(at < 30 for at in arrivals) / 30
    heavy = sum(30 <= at < 70 for at in arrivals) / 40
    assert light == pytest.approx(20, rel=0.2)
    assert heavy == pytest.approx(200, rel=0.05)


def test_the_arrivals_are_as_irregular_as_poisson_says() -> None:
    arrivals = [request.at for request in requests(random.Random(1), PROFILES["steady"], 50, 50, 200)]
    counts = [sum(second <= at < second + 1 for at in arrivals) for second in range(200)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance / mean == pytest.approx(1.0, abs=0.3)


def test_arrivals_come_in_order_and_within_the_time() -> None:
    arrivals = [request.at for request in requests(random.Random(3), PROFILES["wave"], 5, 50, 10)]
    assert arrivals == sorted(arrivals)
    assert 0 < arrivals[0] < arrivals[-1] < 10


def test_the_work_is_drawn_around_its_mean() -> None:
    work = [request.work for request in requests(random.Random(1), PROFILES["steady"], 100, 100, 50)]
    assert all(0.5 * WORK <= each <= 1.5 * WORK for each in work)
    assert sum(work) / len(work) == pytest.approx(WORK, rel=0.05)


@pytest.mark.parametrize(
    "wrong",
    [["--heavy=401"], ["--light=0"], ["--light=50", "--heavy=40"], ["--seconds=0"], ["--seconds=1e9"], ["--heavy=nan"]],
)
def test_a_load_without_bounds_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--target=a=1", *wrong])
    assert "at most" in capsys.readouterr().err


def test_a_load_within_bounds_is_taken() -> None:
    options = parse_options(["--target=a=1", "--target=b=2", "--profile=step", "--seed=7"])
    assert (options.target, options.profile, options.seed) == (["a=1", "b=2"], "step", 7)
