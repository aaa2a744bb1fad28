"""The option --cluster: a Dask scheduler that is there, or jobs of a batch system."""

from __future__ import annotations

import json
import re
import sys
import warnings
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._system.cluster import Cluster
from ..._system.reading import read_file
from .batch_systems import cluster_of_jobs, need, quieten, read_jobs, submit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client


__all__ = ["ClusterOption", "connected", "refuse_jobs"]

#: Addresses, `dask` being another name of `tcp`.
ADDRESS = re.compile(r"(dask|tcp|tls)://(\[[^\]]+\]|[^/:\s]+):([0-9]{1,5})/?")
#: Seconds in which a scheduler must answer.
ANSWER = 10


def check_cluster(text: str | None) -> str | None:
    """The value of --cluster; a ValueError, before any work, if it is none."""
    if text is None or ADDRESS.fullmatch(text):
        pass
    elif text.endswith(".toml"):
        read_jobs(Path(text))
    elif text.endswith(".json"):
        _address_in(Path(text))
    else:
        raise ValueError(
            f"--cluster {text}: give dask://HOST:PORT, the file of a scheduler (.json), or that of "
            "a batch system (.toml)"
        )
    return text


#: The option of every verb whose work goes to a cluster.
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="WHERE",
        callback=check_cluster,
        help="Do the work on a cluster: dask://HOST:PORT, a scheduler file (.json), or a batch "
        "system (.toml), such as Slurm.",
    ),
]


def refuse_jobs(cluster: str | None, jobs: int) -> None:
    """ValueError with a cluster for a number of processes."""
    if cluster is not None and jobs:
        raise ValueError(
            f"--jobs {jobs}: not with --cluster, whose workers do the work; leave it out"
        )


def _address_in(file: Path) -> str:
    """Address of the scheduler that has written a file."""
    try:
        address = json.loads(read_file(file))["address"]
        if ADDRESS.fullmatch(address):
            return address
    except FileNotFoundError:
        raise ValueError(f"--cluster {file}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ValueError(f"--cluster {file}: not the file that dask scheduler --scheduler-file writes")


@contextmanager
def connected(text: str | None) -> Iterator[Cluster | None]:
    """Context of the cluster of an option; None if there is none.

    Raises
    ------
    ValueError
        If Dask is not installed, or no scheduler answers.
    """
    if text is None:
        yield None
        return
    need("distributed")
    jobs = read_jobs(Path(text)) if text.endswith(".toml") else None
    with ExitStack() as stack:
        if jobs is None:
            address = _address_in(Path(text)) if text.endswith(".json") else text
            client = stack.enter_context(_client(address.replace("dask://", "tcp://"), text))
            yield Cluster(client, text, _say)
        else:
            own = stack.enter_context(cluster_of_jobs(jobs))
            client = stack.enter_context(_client(own, text))
            yield Cluster(client, text, _say, partial(submit, own, jobs), jobs.gpus > 0)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@contextmanager
def _client(where: Any, text: str) -> Iterator[Client]:
    """Context of a client of a scheduler, which says nothing by itself."""
    import distributed

    quieten()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            client = distributed.Client(where, timeout=ANSWER, set_as_default=False)
        except Exception as error:  # what listens there may answer anything
            known = isinstance(error, OSError | ValueError)
            reason = " ".join(str(error).split()) if known else "what answers is something else"
            raise ValueError(
                f"--cluster {text}: no scheduler answers there ({reason}); check the address, or "
                "start one with: dask scheduler"
            ) from None
    for item in caught:
        if others := re.findall(r"^\| (\w+) +\|", str(item.message), re.MULTILINE):
            names = ", ".join(name for name in others if name != "Package")
            _say(f"warning: {text}: other versions than here ({names}); results may differ")
    try:
        yield client
    finally:
        with suppress(OSError, TimeoutError, RuntimeError):
            client.close(timeout=ANSWER)
