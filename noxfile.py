"""The checks, each one command, such as `nox -s lint types tests docs`; `nox -l` lists them."""

import random

import nox

nox.needs_version = ">=2026.4"
nox.options.sessions = ["lint", "types", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, with the ASYNC rules, and format."""
    session.install("ruff>=0.17,<0.18")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types."""
    session.install("-e", ".", "pytest>=9,<10", "mypy>=2.4,<3")  # the contracts name pytest
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite, in random order."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(name="tests-all", python=PYTHONS)
def tests_all(session: nox.Session) -> None:
    """The suite on every Python that the project supports and this machine has."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def transports(session: nox.Session) -> None:
    """What speaks with clients, once more over Hypercorn's own protocol: the suite has the lane."""
    session.install("-e", ".[test]")
    rooms = session.posargs or ["tests/lane", "tests/conformance", "tests/e2e"]
    session.run("pytest", *rooms, env={"NEXUS_TRANSPORT": "hypercorn"})


@nox.session
def crash(session: nox.Session) -> None:
    """Kills and power cuts for a while: `nox -s crash -- --minutes 2` (of each)."""
    session.install("-e", ".[test]")
    session.run("python", "tests/crash/kill_nine.py", *session.posargs)
    session.run("python", "tests/crash/power_cut.py", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """The whole server under drawn schedules, from other seeds: `nox -s simulate -- 17 18`."""
    session.install("-e", ".[test]")
    seeds = session.posargs or [str(random.randrange(1 << 30))]
    save = ("--save", "failures")
    session.run("python", "tests/sim/sim_run.py", *save, "src", "mixed", "3000", *seeds)


@nox.session
def fuzz(session: nox.Session) -> None:
    """The lane under hostile conversations: `nox -s fuzz -- --minutes 5 --seed 7 --jobs 2`."""
    session.install("-e", ".[test,fuzz]")
    session.run("python", "tests/fuzz/fuzz_run.py", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Plants defects in a copy of the source; prints by which invariant each was found."""
    session.install("-e", ".[test]")
    session.run("python", "tests/mutants/mutant_run.py", *session.posargs)


@nox.session
def prove(session: nox.Session) -> None:
    """Search the scenes' schedules for a while: `nox -s prove -- --minutes 10 --seed 3`."""
    session.install("-e", ".[test]")
    session.run("python", "tests/stateful/prove.py", *session.posargs)


@nox.session(name="trio-next")
def trio_next(session: nox.Session) -> None:
    """The tests of the toolkit on the newest trio: whether its schedule can still be chosen.

    Where trio has changed what the toolkit relies on, `TrioChanged` says what, and what to do.
    """
    session.install("-e", ".[test]")
    session.run_install("pip", "install", "-U", "--pre", "trio", silent=True)
    session.run("pytest", "tests/testing", *session.posargs)


@nox.session
def models(session: nox.Session) -> None:
    """A real model server with a tiny model made on the spot. Installs torch, which is large."""
    session.install("-e", ".[test]", "torch==2.13.0", "transformers[serving]>=5.24,<6")
    session.run("python", "tests/responders/real_model.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documents: examples run, links and tables hold."""
    session.install("-e", ".[test]")
    session.run("pytest", "tests/test_docs.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark beside its peers, a table of ratios and a plot: `nox -s bench -- --quick`.

    Socket.IO is measured where Node.js and npm are; figures and plot go to `bench-results`.
    """
    session.install("-e", ".[bench]")
    session.run("python", "benchmarks/suite.py", *session.posargs)
