"""The pytest plugin, seen from the project of somebody who uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

AUTO = ("-o", "asyncio_default_fixture_loop_scope=function", "-o", "asyncio_mode=auto")
STRICT = (*AUTO[:3], "asyncio_mode=strict")
NONE = ("-p", "no:asyncio")

VIRTUAL_TEST = """
    import asyncio
    import pytest
    from mape.testing import VirtualEventLoop

    @pytest.mark.virtual_time
    async def test_a_week_passes(app, mape_seed):
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualEventLoop)

        @app.loop("calendar").monitor
        def note(day: int) -> int:
            return day

        async with app:
            await asyncio.sleep(7 * 86_400)
            assert app.clock.monotonic() == 7 * 86_400
        assert (mape_seed, loop.rng.random()) == (5, 0.6229016948897019)

    async def real():
        return type(asyncio.get_running_loop())

    def test_others_are_left_alone():
        assert asyncio.run(real()) is not VirtualEventLoop
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose tests use the plugin."""
    pytester.makeconftest('pytest_plugins = ["mape.testing.fixtures"]')
    return pytester


@pytest.mark.parametrize("runner", [NONE, AUTO, STRICT], ids=["none", "auto", "strict"])
def test_a_marked_test_runs_in_virtual_time_whoever_runs_async_tests(
    project: pytest.Pytester,
    runner: tuple[str, ...],
) -> None:
    project.makepyfile(VIRTUAL_TEST)

    result = project.runpytest_inprocess("--mape-seed=5", "--strict-markers", "-W", "error", *runner)

    result.assert_outcomes(passed=2)


def test_an_unmarked_async_test_runs_in_real_time(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import asyncio
        from mape.testing import VirtualEventLoop

        async def test_now():
            assert not isinstance(asyncio.get_running_loop(), VirtualEventLoop)
    """)

    result = project.runpytest_inprocess(*AUTO, "-W", "error")

    result.assert_outcomes(passed=1)


def test_each_test_has_an_app_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile("""
        drawn = set()

        def test_one(app):
            app.loop("ambulance")
            drawn.add(app.rng.random())

        def test_two(app):
            assert "ambulance" not in app
            assert drawn == {app.rng.random()}
    """)

    project.runpytest_inprocess(*NONE).assert_outcomes(passed=2)


def test_a_failure_prints_the_seed_and_how_to_use_it_again(project: pytest.Pytester) -> None:
    project.makepyfile("""
        def test_it(mape_seed):
            assert mape_seed == 0

        def test_without_chance():
            assert not "a reason"
    """)

    result = project.runpytest_inprocess(*NONE, "--mape-seed=41")

    assert result.stdout.str().count("the seed was 41; run it again with --mape-seed=41") == 1
    result.assert_outcomes(failed=2)


def test_a_random_seed_is_another_one_in_each_session(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(mape_seed): print(f'seed={mape_seed}.')")

    outputs = {project.runpytest_inprocess(*NONE, "--mape-seed=random", "-rP").stdout.str() for _ in "12"}

    seeds = {output.partition("seed=")[2].partition(".")[0] for output in outputs}
    assert len(seeds) == 2
    assert all(seed.isdecimal() for seed in seeds)


def test_a_seed_that_is_no_number_is_refused(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess(*NONE, "--mape-seed=lucky")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*--mape-seed=lucky is not a whole number*")


def test_the_rest_of_the_kit_does_not_import_pytest() -> None:
    program = "import sys, mape.testing; assert 'pytest' not in sys.modules"

    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=True, timeout=60)
