"""Work on a Dask cluster: every result once and in order, whatever happens to workers."""

import operator
import os
import resource
import signal
import sys
import threading
import time
from functools import partial

import pytest

import protdiff
from protdiff._system import cluster_units
from protdiff._system.cluster import Cluster
from protdiff._system.cluster_units import LostError
from protdiff._system.cluster_worker import Needs
from protdiff._system.notices import ProtdiffWarning, collected
from protdiff._system.reading import MAX_MB, largest_size


@pytest.fixture
def said():
    return []


@pytest.fixture
def cluster(dask_cluster, said):
    """Both workers, for one test."""
    from distributed import Client

    with Client(dask_cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)  # killed ones come back
        yield Cluster(client, "dask://here", said.append)


def workers(cluster):
    return sorted(cluster_units.workers_of(cluster.client, cluster.name))


def on(cluster, worker, function, *values):
    """Call a function in the process of a worker."""
    return cluster.client.run(function, *values, workers=[worker])[worker]


def test_results_come_in_order_and_each_once(cluster):
    with cluster.mapped(operator.neg, range(500), Needs()) as found:
        assert list(found) == [-k for k in range(500)]
    with cluster.results(operator.neg, range(500), Needs(), in_order=False) as found:
        assert sorted(found) == [(k, -k) for k in range(500)]
    with cluster.mapped(operator.neg, [], Needs()) as found:
        assert list(found) == []


def test_units_of_work_grow_up_to_their_time(cluster, monkeypatch):
    sizes = []
    send = cluster_units.UnitsUnderWay._send
    monkeypatch.setattr(
        cluster_units.UnitsUnderWay,
        "_send",
        lambda self, places: sizes.append(len(places)) or send(self, places),
    )
    with cluster.mapped(operator.neg, range(2000), Needs()) as found:
        assert sum(found) == -sum(range(2000))
    assert sizes[0] == 1 and max(sizes) > 30 and sum(sizes) == 2000
    assert sizes[-1] <= 4  # at the end small ones, so that all workers end together
    sizes.clear()
    monkeypatch.setattr(cluster_units, "UNIT_SECONDS", 0.02)
    with cluster.mapped(time.sleep, [0.01] * 30, Needs()) as found:
        list(found)
    assert max(sizes) <= 2


def test_work_of_a_killed_worker_is_done_by_another(cluster):
    pid = on(cluster, workers(cluster)[0], os.getpid)
    with cluster.results(time.sleep, [0.02] * 60, Needs(), in_order=False) as found:
        places = [next(found)[0]]
        os.kill(pid, signal.SIGKILL)
        places += [place for place, _ in found]
    assert sorted(places) == list(range(60))


def test_work_that_ends_worker_after_worker_is_one_line(cluster, dask_cluster, monkeypatch):
    monkeypatch.setattr(dask_cluster.scheduler, "allowed_failures", 1)
    with (
        pytest.raises(LostError, match="dask://here: 2 workers ended while at work on 1 to 1 of 1"),
        cluster.mapped(os._exit, [1], Needs()) as found,
    ):
        list(found)


def test_a_worker_of_another_version_is_left_out_also_in_the_middle(cluster):
    first, second = workers(cluster)
    version, change = protdiff.__version__, partial(setattr, protdiff)
    try:
        tasks = [0.02] * 100
        with (
            collected() as texts,
            cluster.results(time.sleep, tasks, Needs(), in_order=False) as found,
        ):
            places = [next(found)[0]]
            on(cluster, first, change, "__version__", "0.0.1")
            places += [place for place, _ in found]
        assert sorted(places) == list(range(100))
        assert texts == [
            f"dask://here: the worker {first} is left out: it has protdiff 0.0.1, and this is "
            f"{version}; install the same"
        ]
        on(cluster, second, change, "__version__", "0.0.1")
        with (
            pytest.raises(ValueError, match=r"no worker is fit: .* has protdiff 0.0.1"),
            cluster.mapped(abs, [1], Needs()),
        ):
            pass
    finally:
        for worker in (first, second):
            on(cluster, worker, change, "__version__", version)


def test_a_worker_without_the_package_is_left_out(cluster):
    def hide():
        import protdiff as package

        sys.modules["hidden"] = package
        sys.modules["protdiff"] = None

    def show():
        sys.modules["protdiff"] = sys.modules.pop("hidden")

    first, _ = workers(cluster)
    on(cluster, first, hide)
    try:
        with collected() as texts, cluster.mapped(abs, range(9), Needs()) as found:
            assert list(found) == list(range(9))
    finally:
        on(cluster, first, show)
    assert texts == [
        f"dask://here: the worker {first} is left out: it has no protdiff; install it there"
    ]


def test_a_worker_with_a_full_disk_is_left_out(cluster, tmp_path):
    """Its files may have no byte."""
    first, second = workers(cluster)
    work, full = (tmp_path / "x").write_text, "left out: it has a full disk"
    try:
        on(cluster, first, resource.setrlimit, resource.RLIMIT_FSIZE, (0, -1))
        with (
            pytest.warns(ProtdiffWarning, match=f"{first} is {full}"),
            cluster.mapped(work, ["ab"] * 8, Needs()) as found,
        ):
            assert list(found) == [2] * 8
        on(cluster, second, resource.setrlimit, resource.RLIMIT_FSIZE, (0, -1))
        with (
            pytest.raises(ValueError, match=r"no worker is fit: tcp.* has a full disk"),
            cluster.mapped(work, ["ab"] * 8, Needs()) as found,
        ):
            list(found)
    finally:
        for worker in (first, second):
            on(cluster, worker, resource.setrlimit, resource.RLIMIT_FSIZE, (-1, -1))


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs(weights=(("/none/x.safetensors", "0" * 64),)), "has no weights /none/x.safetensors"),
        (Needs(weights=((__file__, "0" * 64),)), "has other weights as .*test_cluster.py"),
        (Needs(inputs=("/none/x.pdb",)), "cannot read /none/x.pdb; workers must see the same"),
        (Needs(programs=("nosuchfold",)), "has no program nosuchfold"),
        (Needs(programs=("bin/fold",), folder="/tmp"), "has no program bin/fold"),
        (Needs(folder="/none"), "has no folder /none; workers must"),
        (Needs(device="mps"), "has no device mps"),
    ],
)
def test_what_workers_lack_is_said_before_any_work(cluster, needs, reason):
    with (
        pytest.raises(ValueError, match=f"`cluster` dask://here: no worker is fit: tcp.* {reason}"),
        cluster.mapped(abs, [1], needs),
    ):
        pass


def test_bad_input_of_the_work_and_its_surroundings(cluster, tmp_path, monkeypatch):
    with (
        pytest.raises(ValueError, match="invalid literal"),
        cluster.mapped(int, ["1", "x"], Needs()) as found,
    ):
        list(found)
    monkeypatch.setenv(MAX_MB, "7")
    with cluster.mapped(_call, [os.getcwd, largest_size], Needs(folder=str(tmp_path))) as found:
        assert list(found) == [str(tmp_path), 7 << 20]
    assert on(cluster, workers(cluster)[0], os.getcwd) != str(tmp_path)
    assert on(cluster, workers(cluster)[0], os.getenv, MAX_MB) is None


#: ``_call(function)`` on a worker, which need not import this file.
_call = operator.methodcaller("__call__")


def test_what_has_not_begun_is_cancelled_at_an_early_end(cluster):
    with cluster.results(time.sleep, [0.5] * 40, Needs()) as found:
        next(found)
    began = time.monotonic()
    with cluster.mapped(abs, [-1], Needs()) as found:
        assert list(found) == [1]
    assert time.monotonic() - began < 10  # else 20 s


def test_a_scheduler_that_goes_away_is_one_line(said):
    from distributed import Client, LocalCluster

    local = LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=":0",
        silence_logs=50,
    )  # fmt: skip
    client = Client(local.scheduler_address, set_as_default=False, timeout=1)
    cluster = Cluster(client, "dask://gone", said.append)
    try:
        with (
            pytest.raises(LostError, match="`cluster` dask://gone: the scheduler has gone"),
            cluster.results(time.sleep, [0.02] * 5000, Needs()) as found,
        ):
            next(found)
            threading.Thread(target=local.close).start()
            list(found)
    finally:
        client.close()


def test_gpus_of_some_workers_alone_are_not_used_without_a_word(cluster, monkeypatch):
    found = dict.fromkeys(workers(cluster), True)
    monkeypatch.setattr("protdiff._system.cluster.everywhere", lambda *_: found)
    assert cluster.device("auto") == "cuda"
    found[min(found)] = False
    said = "dask://here: 1 of 2 workers has a GPU, so all use processors; --device cuda leaves the"
    with pytest.warns(ProtdiffWarning, match=said):
        assert cluster.device("auto") == "cpu"
    found[max(found)] = False
    assert cluster.device("auto") == "cpu" and cluster.device("cuda") == "cuda"


@pytest.mark.parametrize("moment", ["device", "work"])
def test_a_scheduler_that_goes_away_before_the_work_is_one_line(said, monkeypatch, moment):
    """While workers are asked whether they have a GPU, or whether they are fit."""
    from distributed import Client, LocalCluster

    local = LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=":0",
        silence_logs=50,
    )  # fmt: skip
    client = Client(local.scheduler_address, set_as_default=False, timeout=1)
    run, cluster = client.run, Cluster(client, "dask://gone", said.append)
    monkeypatch.setattr(client, "run", lambda *words, **more: local.close() or run(*words, **more))
    try:
        with pytest.raises(LostError, match="`cluster` dask://gone: the scheduler has gone"):
            if moment == "device":
                cluster.device("auto")
            else:
                with cluster.mapped(abs, [1], Needs()):
                    pass
    finally:
        client.close()


def test_a_cluster_without_workers_is_waited_for(said, monkeypatch):
    from distributed import Client, LocalCluster

    monkeypatch.setattr(cluster_units, "PATIENCE", 0.0)
    monkeypatch.setattr(cluster_units, "LOOK", 0.1)
    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp://", host="127.0.0.1",
            dashboard_address=":0", silence_logs=50,
        ) as local,
        Client(local, set_as_default=False) as client,
    ):  # fmt: skip
        cluster = Cluster(client, "dask://late", said.append)
        later = threading.Timer(0.5, local.scale, (1,))
        later.start()
        with cluster.mapped(abs, [-1], Needs()) as found:
            assert list(found) == [1]
    assert said == ["waiting for workers of dask://late; Ctrl-C ends this"]
