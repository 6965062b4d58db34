# SPDX-License-Identifier: Apache-2.0
"""Does a test notice? Every mutant of the files that decide what is read, what is proved and what leaves, against the
tests that hold them: ``make mutation``, or ``python -m tests.mutation.run --sample 60`` for a seeded few.

Each mutant has a forked process, in which its module is imported from the changed tree: the checkout is never touched,
and nothing is imported twice. It is killed when a test fails, cannot be collected, or runs out of time or memory.
Exit code 0 when at least 90 % are killed, 1 below, 2 when the tests fail without a mutant.
"""

import argparse
import importlib
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import msgspec
from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
AT_LEAST = 0.9
AT_ONCE = 2
"""Processes side by side: the machine has two cores."""
MEMORY_BYTES = 2 * 1024**3
PATIENCE = 2
"""A mutant may take so many times as long as all these tests do without one."""
DOMAIN, PROOF = ROOT / "tests/unit/domain", ROOT / "tests/unit/proof"
TESTS: dict[str, tuple[Path, ...]] = {
    "domain/release.py": (DOMAIN / "test_release.py",),
    "domain/audience.py": (DOMAIN / "test_audience.py", DOMAIN / "test_release.py"),
    "domain/linter.py": (DOMAIN / "test_linter.py", DOMAIN / "test_linter_bounds.py"),
    **{
        str(path.relative_to(SOURCE / "tocsin")): (
            PROOF / f"test_{path.stem}.py",
            PROOF / "test_edges.py",
            PROOF,
        )
        for path in sorted((SOURCE / "tocsin/proof").glob("[a-z]*.py"))
    },
}
"""What is changed, and the tests that must notice: the nearest first."""


BEFORE_THE_FORKS = (
    "pytest",
    "hypothesis.strategies",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "lxml",
)
"""Imported once, for speed; none of ours, so that every process imports the mutant anew."""


PROFILE = "mutation"
"""Of hypothesis: as always, but nobody wants the smallest example of a mutant."""
_EARLY_IS_FINE = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


class Trial(msgspec.Struct, frozen=True):
    """How one mutant ended."""

    mutant: Mutant
    killed: bool


class _Finder(MetaPathFinder):
    """Finds one module as its mutant, and no other."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = ".".join(mutant.path.relative_to(SOURCE).with_suffix("").parts)
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The changed module."""
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path)
        assert spec is not None
        loader = _Loader(fullname, str(self._mutant.path))
        loader.mutant = self._mutant
        spec.loader = loader
        return spec


class _Loader(SourceFileLoader):
    """Compiles the changed tree instead of the file."""

    mutant: Mutant

    def get_code(self, fullname: str) -> CodeType:
        """The mutant's code."""
        return compile(self.mutant.tree(), str(self.mutant.path), "exec")


def start(tests: Sequence[Path], mutant: Mutant | None, scratch: Path) -> int:
    """Run these tests in a forked process, which exits with pytest's code; its process id."""
    if pid := os.fork():
        return pid
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(scratch)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if mutant is not None:
            sys.meta_path.insert(0, _Finder(mutant))
        paths = [str(path) for path in tests if path.exists()]
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--hypothesis-seed=0",
            f"--hypothesis-profile={PROFILE}",
        ]
        code = importlib.import_module("pytest").main([*options, *_EARLY_IS_FINE, *paths])
    finally:
        os._exit(int(code))


def baseline(tests: Sequence[Path], scratch: Path) -> float:
    """Seconds that these tests take without a mutant; exits when they fail."""
    began = time.monotonic()
    _, status = os.waitpid(start(tests, None, scratch), 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(2)
    return time.monotonic() - began


def try_all(mutants: Sequence[Mutant], limit: float, scratch: Path) -> Iterator[Trial]:
    """Each mutant's end, as it comes; at most `AT_ONCE` at a time."""
    waiting, running = list(reversed(mutants)), dict[int, tuple[Mutant, float]]()
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop()
            pid = start(TESTS[_key(mutant.path)], mutant, scratch)
            running[pid] = (mutant, time.monotonic() + limit)
        for pid, (mutant, deadline) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del running[pid]
                yield Trial(mutant, killed=os.waitstatus_to_exitcode(status) != 0)
            elif time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def report(trials: Sequence[Trial]) -> Iterator[str]:
    """A line for each file, then one for each survivor."""
    for key in TESTS:
        of_file = [one for one in trials if _key(one.mutant.path) == key]
        if of_file:
            yield _share(f"{key:<24}", of_file)
    yield _share(f"{'all':<24}", trials)
    for one in sorted(
        (one for one in trials if not one.killed), key=lambda one: (one.mutant.path, one.mutant.line)
    ):
        line = one.mutant.path.read_text(encoding="utf-8").splitlines()[one.mutant.line - 1].strip()
        yield f"survived  {_key(one.mutant.path)}:{one.mutant.line}  {one.mutant.what}:  {line}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all mutants, or a seeded sample; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help=f"of {', '.join(TESTS)} (default all)")
    parser.add_argument("--sample", type=int, help="only so many, chosen by the seed")
    parser.add_argument("--seed", type=int, default=20261121)
    parsed = parser.parse_args(arguments)
    paths = [SOURCE / "tocsin" / key for key in parsed.files or TESTS]
    mutants = [mutant for path in paths for mutant in mutants_of(path)]
    if parsed.sample is not None:
        mutants = random.Random(parsed.seed).sample(mutants, min(parsed.sample, len(mutants)))
    for name in BEFORE_THE_FORKS:
        importlib.import_module(name)
    hypothesis = importlib.import_module("hypothesis")
    generate = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile(PROFILE, deadline=None, database=None, phases=generate)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        tests = sorted({test for mutant in mutants for test in TESTS[_key(mutant.path)]})
        limit = 10 + PATIENCE * baseline(tests, scratch)
        trials = []
        for trial in try_all(mutants, limit, scratch):
            trials.append(trial)
            if len(trials) % 25 == 0:
                print(f"{len(trials)} of {len(mutants)} tried", file=sys.stderr, flush=True)
        baseline(tests, scratch)  # what broke the tests meanwhile killed no mutant
    print("\n".join(report(trials)))
    return 0 if sum(one.killed for one in trials) >= AT_LEAST * len(trials) else 1


def _share(name: str, trials: Sequence[Trial]) -> str:
    killed = sum(one.killed for one in trials)
    return f"{name} {killed:>4} of {len(trials):>4} killed  {killed / max(1, len(trials)):7.1%}"


def _key(path: Path) -> str:
    return str(path.relative_to(SOURCE / "tocsin"))


if __name__ == "__main__":
    sys.exit(main())
