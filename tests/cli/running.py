"""A command as a process of its own, which tests wait for and send signals to."""

import os
import time
from contextlib import suppress
from pathlib import Path

from .starter import MARK

__all__ = ["Running"]

#: Seconds until something must have happened, on a machine with much to do.
PATIENCE = 120


class Running:
    """A command that runs in a folder of its own."""

    def __init__(self, starter, folder, words, limit=None, at_once=False):
        self.starter, self.folder, self.log = starter, folder, Path(f"{folder}.log")
        self.log.unlink(missing_ok=True)
        self.pid = starter(
            command=words, folder=str(folder), log=str(self.log), limit=limit, at_once=at_once
        )

    def output(self):
        return self.log.read_text() if self.log.exists() else ""

    def wait(self, done, what):
        """Wait until a function gives something, and return that."""
        end = time.monotonic() + PATIENCE
        while (result := done()) is None:
            assert time.monotonic() < end, f"{what}: {self.output()}{self.at_work()}"
            time.sleep(0.02)
        return result

    def wait_until_it_works(self, begun):
        def works():
            if begun in self.output() or list(self.folder.glob(begun)):
                return True
            code = self.starter(poll=self.pid)
            assert code is None, f"ended with {code}: {self.output()}"

        self.wait(works, "does not begin")

    def exit_code(self):
        code = self.wait(lambda: self.starter(poll=self.pid), "does not end")
        self.wait(lambda: True if not self.others() else None, "goes on")
        return code

    def end(self, number):
        """Send a signal; the exit code, once no process is left that the command has started."""
        os.kill(self.pid, number)
        return self.exit_code()

    def at_work(self):
        """A line about every process: whether it had too little of the processor, or hangs."""
        lines = []
        for pid in self.others():
            with suppress(OSError):
                place = Path("/proc", pid)
                stat = (place / "stat").read_text().rpartition(")")[2].split()
                seconds = sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")
                waits = (place / "wchan").read_text()
                lines.append(f"\n{pid}: state {stat[0]}, {seconds:.1f} s of processor, in {waits}")
        return "".join(lines) or "\nno process"

    def others(self):
        """Processes that the command has started: the starter gives it a variable of its own."""
        mark, found = f"{MARK}={self.folder}\0".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    found.append(place.name)
        return found
