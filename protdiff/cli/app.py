"""`protdiff`: the verbs and how errors leave the program."""

import os
import signal
import sys
import warnings
from concurrent.futures import BrokenExecutor

import typer

from .._system.allocator import keep_freed_memory
from .._system.cluster_units import LostError
from .._system.garbage import collect_seldom
from .._system.notices import ProtdiffWarning
from .._system.processes import forget_main_module
from .._system.reading import DEFAULT_MB, MAX_MB
from . import (
    audit,
    check,
    data,
    design,
    doctor,
    evaluate,
    extend,
    finetune,
    flow,
    generate,
    merge,
    report,
    score,
    strings,
    train,
    weights,
)
from ._shared.flags import in_flags
from ._shared.groups import examples, paragraphs
from ._shared.out_of_memory import is_out_of_memory, remedy
from ._shared.run_file import file_of
from ._shared.terminal import one_line, plain_output, printable
from ._shared.variadic import variadic

__all__ = ["app", "main"]

#: Exit code after Ctrl-C; of SIGTERM it is 143.
INTERRUPTED = 128 + signal.SIGINT
#: Signals that have come, of those two.
came: list[int] = []


class Interrupted(KeyboardInterrupt):
    """After Ctrl-C or SIGTERM.

    A bare KeyboardInterrupt that leaves the code of a string, which `exec` and named tuples have,
    makes CPython end `python -m protdiff` by SIGINT, whatever the exit code.
    """


app = typer.Typer(
    name="protdiff",
    help="Protein backbones by a renormalization-group flow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _name, _command in {
    "generate": generate.generate,
    "extend": extend.extend,
    "design": design.design,
    "check": check.check,
    "merge": merge.merge,
    "evaluate": evaluate.evaluate,
    "report": report.report,
    "audit": audit.audit,
    "train": train.train,
    "finetune": finetune.finetune,
    "doctor": doctor.doctor,
}.items():
    app.command(name=_name, epilog=examples(_name))(paragraphs(_command))
app.command(
    name="score",
    cls=variadic("--reference", optional="--rank", instead="--sort"),
    epilog=examples("score"),
)(paragraphs(score.score))
app.add_typer(data.app, name="data")
app.add_typer(flow.app, name="flow")
app.add_typer(strings.app, name="strings")
app.add_typer(weights.app, name="weights")


def _version(value: bool):
    if value:
        from .. import __version__

        print(f"protdiff {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    max_file_mb: int = typer.Option(
        DEFAULT_MB,
        envvar=MAX_MB,
        min=1,
        metavar="MIB",
        help="Largest file that is read, after decompression; before the name of the command.",
    ),
):
    if max_file_mb != int(os.environ.get(MAX_MB, DEFAULT_MB)):
        os.environ[MAX_MB] = str(max_file_mb)  # which processes of --jobs have, too


@plain_output()
def main():
    """Entry point of the console script: bad input is one line on stderr and exit code 2."""
    # Threads that spin while they wait bring a shared machine to a crawl.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    keep_freed_memory()
    collect_seldom()
    forget_main_module()
    show_warnings()
    came.clear()
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
        signal.signal(signal.SIGINT, end)
    try:
        code = app(standalone_mode=False, prog_name="protdiff") or 0
        if code == INTERRUPTED:  # how typer reports Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except (KeyboardInterrupt, typer.Abort):
        fail_interrupted()
    except Exception as error:
        # Some libraries answer with an error of their own where a signal falls in their midst.
        if came and not isinstance(error, OSError):
            fail_interrupted()
        message, code = complaint(error)
        if message is None:
            raise
        fail(message, code)


def complaint(error):
    """What is said of an error, and the exit code; None for one that is a fault of the program."""
    if isinstance(error, ValueError):  # FileError, WeightsError, ConfigError and the like
        return error, 2
    if isinstance(error, OSError):
        return (f"{error.filename}: {error.strerror}" if error.filename else error), 2
    if isinstance(error, LostError):
        return error, 1
    if isinstance(error, BrokenExecutor):
        return f"a process of `jobs` was ended, as when memory is full; {remedy(_verb())}", 1
    if is_out_of_memory(error):
        return f"out of memory; {remedy(_verb())}", 1
    if said := getattr(error, "format_message", None):  # the option parser's own
        # "Value error" is a word of the parser's own parser.
        return file_of(error) + said().replace(": Value error, ", ": "), 2
    return None, 1


def end(number, _):
    """What Ctrl-C and SIGTERM do: with both, temporary files and other processes go."""
    if number == signal.SIGTERM:
        signal.signal(number, signal.SIG_IGN)  # the first one is enough
    came.append(number)
    raise Interrupted


def fail_interrupted():
    """Leave after Ctrl-C or SIGTERM."""
    goes_on = {"generate", "extend", "design", "check", "train"} & {_verb()}
    more = "; the same command continues where it stopped" if goes_on else ""
    fail(f"interrupted{more}", 128 + came[0] if came else INTERRUPTED)


def show_warnings():
    """Show every warning of the package once, as one line on stderr."""
    show, shown = warnings.showwarning, set()

    def show_once(message, category, *where):
        if not issubclass(category, ProtdiffWarning):
            show(message, category, *where)
        elif (line := one_line(message)) not in shown:
            shown.add(line)
            print("warning:", printable(line), file=sys.stderr)

    # The filter "once" forgets what it has shown whenever filters are changed somewhere.
    warnings.simplefilter("always", ProtdiffWarning)
    warnings.showwarning = show_once


def fail(message, code=2):
    """Leave with one line on stderr (none when the help was all there was to say)."""
    if line := one_line(message):
        print("protdiff:", printable(in_flags(line, _verb())), file=sys.stderr)
    sys.exit(code)


def _verb():
    """The verb of the command line, "" if there is none."""
    names = {command.name for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    return next((word for word in sys.argv[1:] if word in names), "")


if __name__ == "__main__":
    main()
