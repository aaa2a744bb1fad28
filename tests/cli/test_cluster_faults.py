"""--cluster when schedulers and workers fail: one clear line, and nothing lost."""

import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from ..conftest import ROOT
from .running import Running
from .test_cluster import all_contents


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x01" + bytes(7) + b"\xff" * 8])
def test_a_port_of_another_program_is_one_line(console, designs, answer):
    """What it says is no size of a message."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):  # of the end of the test
                while True:
                    server.accept()[0].sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        where = f"dask://127.0.0.1:{server.getsockname()[1]}"
        code, out, err = console("score", designs, "--cluster", where)
    said = f"--cluster {where}: no scheduler answers there (what answers is something else); check"
    assert (code, out) == (2, "") and err.startswith(f"protdiff: {said}"), err
    assert err.count("\n") == 1


#: A cluster of one process, which it says the address of.
CLUSTER = """
import json, pathlib, time
from distributed import LocalCluster
here = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://",
                    host="127.0.0.1", dashboard_address=":0")
pathlib.Path("s.json").write_text(json.dumps({"address": here.scheduler_address}))
print("ready", flush=True)
time.sleep(600)
"""


def test_a_scheduler_that_is_killed_is_one_line(starter, designs, tmp_path):
    """Dask logs tracebacks when it tries to reach it once more; none is shown."""
    folder = tmp_path / "run"
    (folder / "models").mkdir(parents=True)
    model = next(designs.glob("*.pdb"))
    for number in range(2000):
        os.link(model, folder / "models" / f"{number}.pdb")
    command = [sys.executable, "-c", CLUSTER]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as scheduler:
        try:
            assert scheduler.stdout.readline() == b"ready\n"
            words = ["score", "models", "--out", "s.csv", "--cluster", "s.json"]
            running = Running(starter, folder, words)
            running.wait_until_it_works("scoring: ")
        finally:
            scheduler.kill()
    assert running.exit_code() == 1
    *before, last = running.output().splitlines()
    assert last == "protdiff: --cluster s.json: the scheduler has gone, or cannot be reached"
    assert all(line.startswith("scoring: ") for line in before)
    assert {path.name for path in folder.iterdir()} == {"models", "s.json"}


@pytest.mark.parametrize("late", [False, True])
def test_a_full_disk_of_a_worker_costs_nothing(
    console, designs, tiny_types, tmp_path, where, dask_cluster, monkeypatch, late
):
    """Before it has written a temporary file, and when it has a folder for these."""
    from distributed import Client

    monkeypatch.chdir(tmp_path)
    command = ["design", designs, "--num", 1, "--weights", tiny_types]
    score = ["score", designs, "--reference", designs, "--superpose", "moved", "--out", "s.csv"]
    assert console(*command, "--out", "one")[0] == 0
    with Client(dask_cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
        first = min(client.scheduler_info(n_workers=-1)["workers"])
        if not late:  # as in a new process
            client.run(setattr, tempfile, "tempdir", None)
        limit = client.run(resource.getrlimit, resource.RLIMIT_FSIZE, workers=[first])[first]
        client.run(resource.setrlimit, resource.RLIMIT_FSIZE, (0, limit[1]), workers=[first])
        try:
            found = [
                console(*command, "--out", "many", "--cluster", where),
                console(*score, "--cluster", where),
            ]
        finally:
            client.run(resource.setrlimit, resource.RLIMIT_FSIZE, limit, workers=[first])
    for code, _, err in found:
        said = f"warning: {where}: the worker {first} is left out: it has a full disk ("
        assert code == 0 and err.startswith(said) and err.count("\n") == 1, err
    one, many = (all_contents(tmp_path / name) for name in ("one", "many"))
    assert one.pop("one") == many.pop("many") and one == many
    assert len(list(Path("moved").iterdir())) == 3
