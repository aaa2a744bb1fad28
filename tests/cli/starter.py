"""Starts commands without the seconds of their imports: everything is imported once, then forked.

python -m tests.cli.starter reads a line of JSON for each request from stdin, and answers with one:
{"command": [...], "folder": ..., "log": ..., "limit": ...} gives the number of the process,
{"poll": number} its exit code, or null while it runs. The limit, in bytes, is of every file that is
written; null for none. With "at_once" the process ends when the command has: what Python does
then, and takes seconds for in a fork of this size, is left out.
"""

import json
import os
import signal
import sys

#: What commands import when they run.
MODULES = (
    "torch", "protdiff.analysis", "protdiff.cli.app", "protdiff.dataset.build",
    "protdiff.metrics.evaluation", "protdiff.network.weights", "protdiff.plots.evaluation_page",
    "protdiff.sampling.draw", "protdiff.sampling.extend", "protdiff.sequence.strings",
    "protdiff.training.finetune", "protdiff.training.adaptation", "protdiff.training.trainer",
)  # fmt: skip
#: Variable with the command's folder, in the environment of all processes that it starts.
MARK = "PROTDIFF_TEST_FOLDER"


def main():
    for name in MODULES:
        __import__(name)
    print("ready", flush=True)
    running = set()
    while line := sys.stdin.readline():
        request = json.loads(line)
        if "poll" in request:
            number, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if number else None
            running.discard(number)
        elif answer := os.fork():
            running.add(answer)
        else:
            return run(request)
        print(json.dumps(answer), flush=True)
    for number in running:
        os.kill(number, signal.SIGKILL)


def run(request):
    """The command, in a process with a session, a folder, and temporary files of its own."""
    import resource
    import subprocess
    import tempfile

    from protdiff.cli import app
    from protdiff.cli._shared import progress

    os.setsid()
    os.chdir(request["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ[MARK] = request["folder"]
    with open(request["log"], "wb") as log:
        # The limit must not be one of what a test reads.
        pipe = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log).stdin
    for output in (1, 2):
        os.dup2(pipe.fileno(), output)
    pipe.close()
    if request["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], request["limit"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["TMPDIR"] = tempfile.tempdir = request["folder"]
    # Every step of the work is a line at once, by which a test sees that the command works.
    progress.FIRST_LINE = progress.NEXT_LINE = 0.0
    sys.argv = ["protdiff", *request["command"]]
    try:
        app.main()
    except SystemExit as end:
        if not request.get("at_once"):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)


if __name__ == "__main__":
    main()
