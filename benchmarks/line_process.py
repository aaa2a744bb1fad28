"""One command line in this process, which can do no harm outside of its folder."""

from __future__ import annotations

import multiprocessing.util
import os
import resource
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from fuzz_files import LIMIT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

#: Largest file, so that a flood does not fill the disk.
LIMIT_FILE = 256 * 2**20
#: What Python says before it changes what is at the paths among its arguments.
CHANGES = {
    "os.mkdir": (0,), "os.rename": (0, 1), "os.remove": (0,), "os.rmdir": (0,), "os.link": (1,),
    "os.symlink": (1,), "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,),
    "shutil.rmtree": (0,), "shutil.move": (0, 1),
}  # fmt: skip
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


def run_line(words: list[str], scratch: Path) -> NoReturn:
    """Run a line in the folder `here` of another one, and end this process with its exit code.

    What it prints goes into the files `out` and `err`; what was refused into `refused`.
    """
    os.setsid()
    os.chdir(scratch / "here")
    os.environ |= {"TMPDIR": str(scratch / "tmp"), "HOME": str(scratch / "tmp"), "COLUMNS": "80"}
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(scratch / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_FILE, LIMIT_FILE))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import tempfile

    tempfile.tempdir = None
    from protdiff.cli.app import main

    refused = os.open(scratch / "refused", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.addaudithook(_guard(str(scratch), refused))
    sys.argv = ["protdiff", *words]
    code: Any = 1
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        multiprocessing.util._exit_function()  # what the end of a program does, and a fork does not
        os._exit(code)


def _guard(scratch: str, refused: int) -> Any:
    """Hook that refuses changes outside of a folder, the network, and other programs."""

    def outside(path: Any) -> bool:
        if isinstance(path, int) or path is None:
            return False
        folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
        real = os.path.join(os.path.realpath(folder), name)
        return not real.startswith((scratch, "/dev/null", "/dev/shm", "/proc/self"))

    def refuse(what: str, error: OSError) -> NoReturn:
        os.write(refused, f"{what}\n".encode(errors="replace"))
        raise error

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = values
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if writes and outside(path):
                refuse(f"open {path!r}", PermissionError(1, "outside", os.fspath(path)))
        elif event in CHANGES:
            for k in CHANGES[event]:
                if outside(values[k]):
                    refuse(f"{event} {values[k]!r}", PermissionError(1, "outside", values[k]))
        elif event in NETWORK and not (len(values) > 1 and isinstance(values[1], (str, bytes))):
            refuse(event, OSError("no network"))
        elif event == "subprocess.Popen":
            raise FileNotFoundError(2, "no such program", values[0])

    return hook
