# SPDX-License-Identifier: Apache-2.0
"""Every benchmark that the command names is there, and no two are the same."""

from tocsin.bench import append, catchup, depth, linkability
from tocsin.cli import bench


def test_every_name_is_a_benchmark_of_its_own() -> None:
    names = (*bench.BENCHMARKS, *bench.LONG)
    assert len({bench._benchmark(name) for name in names}) == len(names)


def test_what_follows_a_dash_is_a_form_of_the_same_benchmark() -> None:
    assert bench._benchmark("append") is append.run
    assert bench._benchmark("catchup-million") is catchup.run_million
    assert bench._benchmark("depth-ten-million") is depth.run_ten_million
    assert bench._benchmark("linkability-full") is linkability.run_full
