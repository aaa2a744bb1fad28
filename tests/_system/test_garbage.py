"""Garbage in cycles is collected seldom, and not when a process ends."""

import subprocess
import sys

import pytest

#: Says when a cycle is collected: one that is garbage while the program works, and one at its end.
CODE = """
import gc, sys
from protdiff._system.garbage import NEW, collect_seldom

class Cycle:
    def __init__(self, name):
        self.name, self.own = name, self

    def __del__(self):
        print(self.name, flush=True)

if sys.argv[1] == "seldom":
    collect_seldom()
Cycle("early")
made = [[] for _ in range(NEW + 1000)]
print("end", flush=True)
last = Cycle("late")
del last
"""


@pytest.mark.parametrize("how, said", [("seldom", "early end"), ("as ever", "early end late")])
def test_garbage_is_collected(how, said):
    run = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True)
    assert run.stdout.split() == said.split() and not run.stderr
