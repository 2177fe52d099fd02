"""The front door opens at once."""

from __future__ import annotations

import resource
import subprocess
import sys

HEAVY = ("torch", "transformers", "polars", "pyarrow", "numpy", "arcadedb", "neo4j", "rdflib", "httpx", "PIL")


def modules_after(statement: str) -> set[str]:
    """Return the names of the top-level modules that a statement loads in a fresh process."""
    code = f"{statement}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    """`import mindgraph` brings in none of the libraries that take long to load."""
    assert modules_after("import mindgraph") & set(HEAVY) == set()


def test_help_loads_nothing_heavy():
    """`mindgraph --help` brings in none of the libraries that take long to load."""
    statement = (
        "import sys; sys.argv = ['mindgraph', '--help']\n"
        "from mindgraph.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass"
    )
    assert modules_after(statement) & set(HEAVY) == set()


def test_help_takes_less_than_half_a_second_of_processor_time():
    """The best of three runs of `mindgraph --help` costs under 0.5 s, whatever else the machine does."""
    assert min(cpu_seconds_of_help() for _ in range(3)) < 0.5


def cpu_seconds_of_help() -> float:
    """Return user plus system seconds of one run in a fresh process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "mindgraph", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_every_verb_can_be_asked_for_help():
    """Each verb in the list imports and explains itself."""
    from click.testing import CliRunner

    from mindgraph.cli import VERBS, cli

    failed = [verb for verb in VERBS if CliRunner().invoke(cli, [verb, "--help"]).exit_code != 0]
    assert failed == []


def test_no_verb_names_an_option_twice():
    """Each option of a verb has one meaning."""
    import click

    from mindgraph.cli import VERBS, cli

    context = click.Context(cli)
    names = {
        verb: [name for p in command.params for name in p.opts]
        for verb in VERBS
        if (command := cli.get_command(context, verb)) is not None
    }
    assert {verb: found for verb, found in names.items() if len(found) != len(set(found))} == {}


def test_an_unknown_verb_suggests_the_near_one():
    """A misspelt verb is answered with the nearest one and exit code 2."""
    done = subprocess.run(
        [sys.executable, "-m", "mindgraph", "ingets"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Did you mean ingest?" in done.stderr) == (2, True)
