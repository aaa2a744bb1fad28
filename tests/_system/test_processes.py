"""Work over processes: in order, lazy, and over as soon as it is not wanted any more."""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from functools import partial

import pytest
import torch

from protdiff._system.processes import mapped, process_count, start_method

#: Work of the standard library: other processes may not find the folder of the tests.
square, process_id = partial(pow, exp=2), partial(eval, "__import__('os').getpid()")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_order(jobs):
    with mapped(square, range(40), jobs) as results:
        assert list(results) == [n**2 for n in range(40)]
    with mapped(process_id, [{}] * 8, jobs) as results:
        assert (os.getpid() in results) == (jobs == 1)
    with mapped(process_id, [{}] * 8, 0, least=5) as results:
        assert set(results) == {os.getpid()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_endless_tasks_are_taken_as_results_are(jobs):
    taken = []

    def tasks():
        for number in itertools.count():
            taken.append(number)
            yield number

    with mapped(square, tasks(), jobs) as results:
        assert list(itertools.islice(results, 5)) == [0, 1, 4, 9, 16]
    assert len(taken) < 50


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_a_worker_are_raised_here(jobs):
    with (
        pytest.raises(ValueError, match="invalid literal"),
        mapped(int, ["a", "b"], jobs) as results,
    ):
        list(results)


def test_work_may_have_more_tensors_than_a_process_can_be_given_open_files():
    network = torch.nn.Sequential(*[torch.nn.Linear(1, 1) for _ in range(200)])
    network.requires_grad_(False)
    with mapped(network, [torch.ones(1)] * 2, jobs=2) as results:
        assert all(torch.equal(found, network(torch.ones(1))) for found in results)


def test_number_of_processes():
    assert process_count(3) == 3 and process_count(3, tasks=2) == 2 and process_count(3, 0) == 1
    assert 1 <= process_count(None) == process_count(0) <= (os.cpu_count() or 1)
    cores = process_count(0)
    assert process_count(0, tasks=63, least=32) == 1
    assert process_count(0, tasks=64, least=32) == min(2, cores)
    assert process_count(2, tasks=3, least=32) == 2  # it is what the user says
    with pytest.raises(ValueError, match=r"^`jobs` 100000: at most .*; 0 takes all"):
        process_count(100_000)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="of Linux")
def test_cores_are_those_that_a_batch_system_gives():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert process_count(0) == 1
    finally:
        os.sched_setaffinity(0, before)
    assert process_count(0) == len(before)


@pytest.mark.skipif(start_method() != "forkserver", reason="each process imports for itself")
def test_workers_have_what_was_imported_early_and_the_environment_of_now():
    """In a process of its own: there is one origin of workers, and the tests share theirs."""
    code = """if __name__ == "__main__":
        import os, sys
        from functools import partial
        from protdiff._system.processes import mapped, start_early
        start_early(["colorsys"])
        os.environ["LATER"] = "x"
        look = "'colorsys' in __import__('sys').modules, __import__('os').environ['LATER']"
        look = partial(eval, look)
        with mapped(look, [{}], 1) as here, mapped(look, [{}] * 2, 2) as there:
            print(list(here), list(there))
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[(False, 'x')] [(True, 'x'), (True, 'x')]\n"


@pytest.mark.parametrize("method", ["", "x" * 80])
@pytest.mark.parametrize("forget", [False, True])
def test_the_main_module_can_be_left_out(tmp_path, method, forget):
    """Workers import it by default; with either way in which they start."""
    script, folder = tmp_path / "script.py", tmp_path / (method or "t")
    folder.mkdir()
    script.write_text(f"""
import os
from functools import partial
from protdiff._system.processes import forget_main_module, mapped
os.write(1, b"imported\\n")  # at once, for others write, too
if __name__ == "__main__":
    {forget} and forget_main_module()
    with mapped(partial(pow, exp=2), range(4), 2) as results:
        os.write(1, f"{{list(results)}}\\n".encode())
""")
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True,
        env=os.environ | {"TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    words = run.stdout.split("\n")
    assert words.count("[0, 1, 4, 9]") == 1 and (words.count("imported") == 1) == forget


def test_a_long_path_of_the_temporary_folder(tmp_path, monkeypatch):
    """The socket of a forkserver would have too long a path in it."""
    folder = tmp_path / ("x" * 80)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert start_method() == "spawn"
    with mapped(square, range(4), 2) as results:
        assert list(results) == [0, 1, 4, 9]


@pytest.mark.skipif(start_method() != "forkserver", reason="no socket elsewhere")
@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_left_in_the_temporary_folder(killed):
    """After `kill -9`, too: the process from which workers are forked sees to it."""
    code = """if __name__ == "__main__":
        import os, sys
        from functools import partial
        from protdiff._system.processes import mapped
        with mapped(partial(pow, exp=2), range(4), 2) as results:
            print(list(results), os.listdir(os.environ["TMPDIR"]) != [], flush=True)
            sys.argv[1] == "True" and os.kill(os.getpid(), 9)
    """
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as folder:  # its path is short
        run = subprocess.run(
            [sys.executable, "-c", code, str(killed)], capture_output=True, text=True,
            env=os.environ | {"TMPDIR": folder},
        )  # fmt: skip
        assert run.stdout == "[0, 1, 4, 9] True\n" and run.returncode == -9 * killed, run.stderr
        end = time.monotonic() + 60
        while os.listdir(folder):
            assert time.monotonic() < end, os.listdir(folder)
            time.sleep(0.05)
