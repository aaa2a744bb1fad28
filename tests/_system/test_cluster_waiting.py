"""Work on a Dask cluster whose fit workers go: others are waited for, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial

import pytest

from protdiff._system import cluster_units
from protdiff._system.cluster import Cluster
from protdiff._system.cluster_units import LostError, UnitsUnderWay
from protdiff._system.cluster_worker import Needs
from protdiff._system.notices import collected

from ..conftest import ROOT

#: What a worker must have to be fit.
FOLD = Needs(programs=("ownfold",))
WAITING = "waiting for workers of dask://here that are fit; Ctrl-C ends this"


@pytest.fixture(autouse=True)
def limit():
    """What would wait without end fails."""

    def fail(number, frame):
        raise TimeoutError("nothing comes")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


class Workers:
    """Processes of workers that stay dead when they are killed."""

    def __init__(self, client, folder):
        self.client, self.folder, self.processes = client, folder, {}
        self.program = folder / "bin" / "ownfold"
        self.program.parent.mkdir()
        self.program.touch(0o755)

    def there(self):
        return cluster_units.workers_of(self.client, "here").keys()

    def start(self, fit=True, port="0"):
        """Address of a new worker."""
        before = self.there()
        path = os.environ["PATH"] + (f":{self.program.parent}" if fit else "")
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", self.client.scheduler.address,
             "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", self.folder,
             "--worker-port", port],
            env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while not (new := self.there() - before):
            assert process.poll() is None
            time.sleep(0.05)
        (address,) = new
        self.processes[address] = process
        return address

    def kill(self, address):
        """End a worker, and wait until that is known."""
        self.processes[address].kill()
        self.processes[address].wait()
        while address in self.there():
            time.sleep(0.05)

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def workers(tmp_path, monkeypatch):
    from distributed import Client, LocalCluster

    monkeypatch.setattr(cluster_units, "PATIENCE", 0.0)
    monkeypatch.setattr(cluster_units, "LOOK", 0.1)
    monkeypatch.setattr(cluster_units, "UNIT_SECONDS", 0.0)  # a unit of work is one task
    with (
        LocalCluster(
            n_workers=0, processes=False, protocol="tcp://", host="127.0.0.1",
            dashboard_address=":0", silence_logs=50,
        ) as local,
        Client(local.scheduler_address, set_as_default=False) as client,
    ):  # fmt: skip
        found = Workers(client, tmp_path)
        yield found
        found.close()


@contextmanager
def sleeping(workers, tasks, say):
    with Cluster(workers.client, "dask://here", say).results(
        time.sleep, [0.02] * tasks, FOLD, in_order=False
    ) as found:
        yield found


def left_out(address):
    return f"dask://here: the worker {address} is left out: it has no program ownfold"


def test_a_result_that_is_gone_with_its_worker_is_found_once_more(workers):
    """By one that came later, while the worker that was left out may not."""
    client, unfit, fit = workers.client, workers.start(fit=False), workers.start()
    with collected() as texts, sleeping(workers, 20, pytest.fail) as found:
        places = [next(found)[0]]
        while len(client.has_what()[fit]) < cluster_units.UNITS_AHEAD - 1:
            time.sleep(0.05)
        workers.start()
        workers.kill(fit)
        while any(future.status == "finished" for future in list(client.futures.values())):
            time.sleep(0.05)
        places += [place for place, _ in found]
    assert sorted(places) == list(range(20)) and texts == [left_out(unfit)]


def test_when_all_fit_workers_have_gone_others_are_waited_for(workers):
    """Also if the first one that comes is not fit."""
    unfit, fit, said, later = workers.start(fit=False), workers.start(), [], []

    def say(line):
        said.append(line)
        later.extend([workers.start(fit=False), workers.start()])

    with collected() as texts, sleeping(workers, 20, say) as found:
        places = [next(found)[0]]
        workers.kill(fit)
        places += [place for place, _ in found]
    assert sorted(places) == list(range(20)) and said == [WAITING]
    assert texts[0] == left_out(unfit) and set(texts[1:]) <= {left_out(later[0])}


def test_a_worker_that_comes_and_is_not_fit_ends_nothing(workers):
    """With no other left, as when jobs have reached their walltime together."""
    fit, said, later = workers.start(), [], []

    def say(line):
        said.append(line)
        later.append(workers.start(fit=len(said) > 1))

    with collected() as texts, sleeping(workers, 20, say) as found:
        places = [next(found)[0]]
        workers.kill(fit)
        places += [place for place, _ in found]
    assert sorted(places) == list(range(20))
    assert said == ["waiting for workers of dask://here; Ctrl-C ends this", WAITING]
    assert texts == [left_out(later[0])]


def test_when_only_unfit_workers_come_that_is_said(workers, monkeypatch):
    """As after an update of the package: each new job has the other version, and none will fit."""
    monkeypatch.setattr(cluster_units, "LOSSES", 1)
    fit, later = workers.start(), []

    def say(line):
        later.extend(workers.start(fit=False) for _ in range(2))

    with (
        collected() as texts,
        pytest.raises(ValueError, match=r"`cluster` dask://here: no worker is fit: .* has no pro"),
        sleeping(workers, 20, say) as found,
    ):
        next(found)
        workers.kill(fit)
        list(found)
    assert len(later) == 2 and len(texts) == 1 and texts[0] in map(left_out, later)


def test_one_that_was_left_out_is_started_once_more_and_fit(workers):
    """Under its address, and before anybody has seen that it was away."""
    unfit, fit = workers.start(fit=False), workers.start()
    with collected() as texts, sleeping(workers, 20, pytest.fail) as found:
        places = [next(found)[0]]
        workers.kill(unfit)
        assert workers.start(port=unfit.rpartition(":")[2]) == unfit
        workers.kill(fit)
        places += [place for place, _ in found]
    assert sorted(places) == list(range(20)) and texts == [left_out(unfit)]


def test_work_that_ends_one_fit_worker_after_another_is_one_line(workers, monkeypatch):
    """Dask forgets its count when work is kept back from a worker that is left out."""
    monkeypatch.setattr(cluster_units, "LOSSES", 1)
    unfit, _ = workers.start(fit=False), workers.start()
    cluster = Cluster(workers.client, "dask://here", lambda line: workers.start())
    with (
        collected() as texts,
        pytest.raises(LostError, match="dask://here: 2 workers ended while at work on 1 to 1 of 1"),
        cluster.mapped(os._exit, [1], FOLD) as found,
    ):
        list(found)
    assert texts == [left_out(unfit)]


def test_when_the_last_workers_become_unfit_that_is_said(workers, monkeypatch):
    """Even if one has gone long before: what is wrong with those that are there is known."""
    first, _ = workers.start(), workers.start()
    look, seen = UnitsUnderWay._look, []
    monkeypatch.setattr(UnitsUnderWay, "_look", lambda run: look(run) or seen.append(run.workers))
    with (
        pytest.raises(ValueError, match=r"`cluster` dask://here: no worker is fit: .* has no pro"),
        sleeping(workers, 5000, pytest.fail) as found,
    ):
        next(found)
        workers.kill(first)
        while first in seen[-1]:
            next(found)
        next(found)
        workers.program.unlink()
        list(found)


def test_without_a_fit_worker_little_is_held(workers):
    run = UnitsUnderWay(workers.client, "dask://here", pytest.fail, abs, range(99), FOLD)
    run.refused = {"tcp://unfit:1"}
    run._hand_out(0)
    assert len(run.held) == cluster_units.UNITS_AHEAD and not run.under_way


def test_workers_that_come_get_work_while_the_first_is_long_at_its_own(workers, monkeypatch):
    monkeypatch.setattr(cluster_units, "UNITS_AHEAD", 1)
    workers.start()
    cluster = Cluster(workers.client, "dask://here", pytest.fail)
    with cluster.results(time.sleep, [4, 0.02, 0.02], FOLD, in_order=False) as found:
        workers.start()
        assert [place for place, _ in found] == [1, 2, 0]


def test_a_result_may_go_while_it_is_fetched(workers, monkeypatch):
    """What is known of it is then older than the loss."""
    unfit, fit, gather, later = workers.start(fit=False), workers.start(), workers.client.gather, []

    def kill_and_gather(*values, **more):
        if not later:
            later.append(workers.start())
            workers.kill(fit)
        return gather(*values, **more)

    monkeypatch.setattr(workers.client, "gather", kill_and_gather)
    with collected() as texts, sleeping(workers, 20, pytest.fail) as found:
        assert sorted(place for place, _ in found) == list(range(20))
    assert len(later) == 1 and texts == [left_out(unfit)]


@pytest.mark.parametrize("failures", [2, 3])
def test_work_that_fails_is_tried_three_times(workers, tmp_path, failures):
    """As when a file server stumbles; not for bad input, which `ValueError` is."""
    workers.start()
    tries = tmp_path / "tries"
    task = f"echo >> {tries}; test $(wc -l < {tries}) -gt {failures}"
    cluster = Cluster(workers.client, "dask://here", pytest.fail)
    work = partial(subprocess.check_call, shell=True)
    with cluster.mapped(work, [task], Needs()) as found:
        if failures < 3:
            assert list(found) == [0]
        else:
            with pytest.raises(subprocess.CalledProcessError):
                list(found)
    assert tries.read_text().count("\n") == 3
