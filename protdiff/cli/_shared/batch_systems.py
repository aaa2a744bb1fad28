"""Dask workers as jobs of Slurm and other batch systems, by a table of a TOML file."""

from __future__ import annotations

import difflib
import inspect
import logging
import shutil
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from ..._system.notices import warn
from ..._system.reading import read_toml
from ..._system.words import alternatives, counted

__all__ = ["BatchJobs", "cluster_of_jobs", "need", "quieten", "read_jobs", "submit"]

#: Batch systems by the name of their table, as dask-jobqueue calls them.
SYSTEMS = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster",
    "oar": "OARCluster", "moab": "MoabCluster",
}  # fmt: skip
#: Parameters of dask-jobqueue that are no options of a job, or that it has given up.
NO_KEYS = {
    "self", "scheduler", "name", "n_workers", "job_cls", "loop", "asynchronous", "scheduler_cls",
    "silence_logs", "dashboard_address", "host", "base_class_kwargs", "job_kwargs", "extra",
    "job_extra", "env_extra", "header_skip", "config_name",
}  # fmt: skip
#: Keys of dask-jobqueue whose values are no text.
LISTS = ("worker_extra_args", "job_extra_directives", "job_script_prologue", "job_directives_skip")
NUMBERS = ("processes", "job_cpu", "ncpus", "mem", "death_timeout")
SWITCHES = ("nanny", "use_stdin", "security")
#: How often Dask sees whether jobs have ended, and submits others in their place.
ADAPT = "30s"


class JobTable(BaseModel):
    """The keys of a table that every batch system has; the others are those of dask-jobqueue."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    jobs: PositiveInt
    memory: str
    cores: PositiveInt = 1
    gpus: Literal[0, 1] = 0
    walltime: str | None = None
    partition: str | None = None
    queue: str | None = None


class BatchJobs(NamedTuple):
    """Jobs that are to be submitted.

    Attributes
    ----------
    file : Path
    system : str
        Such as "slurm".
    count : int
        How many jobs.
    gpus : int
        Of each.
    options : dict
        Parameters of the cluster of dask-jobqueue.
    """

    file: Path
    system: str
    count: int
    gpus: int
    options: dict[str, Any]


def need(package: str) -> None:
    """ValueError if a package of the extra is not installed."""
    if find_spec(package) is None:
        name = package.replace("_", "-")
        raise ValueError(f"--cluster: needs {name}; pip install 'protdiff[cluster]'")


def quieten() -> None:
    """Let Dask and what is below it log nothing: each failure is reported by a line of our own.

    Some of the loggers have levels of their own, so it is not enough to set that of the first.
    """
    for name in ("distributed", "tornado", "asyncio", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def read_jobs(file: Path) -> BatchJobs:
    """The jobs that a file describes.

    Raises
    ------
    ValueError
        With one line that names the file and the key.
    """
    values = read_toml(file)
    names = list(values)
    if len(names) != 1 or names[0] not in SYSTEMS or not isinstance(values[names[0]], dict):
        tables = alternatives([f"[{name}]" for name in SYSTEMS])
        raise ValueError(f"{file}: must have one table, {tables}")
    need("dask_jobqueue")
    system, table = names[0], values[names[0]]
    known = [*JobTable.model_fields, *_own_keys(system)]
    where = f"{file}: [{system}]"
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{where} {key}: unknown key{hint}")
    try:
        own = JobTable(**table)
    except ValidationError as error:
        first = error.errors()[0]
        key, reason = str(first["loc"][0]), first["msg"]
        missing = "missing; such as " + {"jobs": "jobs = 8", "memory": 'memory = "4GB"'}.get(
            key, ""
        )
        reason = missing if first["type"] == "missing" else reason
        raise ValueError(f"{where} {key}: {reason}") from None
    _check_types(where, own.model_extra or {})
    return BatchJobs(file, system, own.jobs, own.gpus, _options(where, system, own))


def _kind(system: str) -> Any:
    """The cluster of dask-jobqueue for a batch system.

    The import lets Ctrl-C end the program with exit code 0 and without a word, so what it did
    before is put back.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    import dask_jobqueue

    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)
    return getattr(dask_jobqueue, SYSTEMS[system])


def _own_keys(system: str) -> list[str]:
    """Keys that dask-jobqueue has for a batch system."""
    kind = _kind(system).job_cls
    from dask_jobqueue.core import Job, JobQueueCluster

    found = [key for of in (kind, Job, JobQueueCluster) for key in inspect.signature(of).parameters]
    return [key for key in dict.fromkeys(found) if key not in NO_KEYS]


def _check_types(where: str, keys: Mapping[str, Any]) -> None:
    """ValueError for a value of another type than its key has."""
    for key, value in keys.items():
        if key in LISTS:
            fits = isinstance(value, list) and all(isinstance(part, str) for part in value)
            what = "a list of texts"
        elif key in SWITCHES:
            fits, what = isinstance(value, bool), "true or false"
        elif key in NUMBERS:
            fits, what = isinstance(value, int) and value > 0, "a number above 0"
        elif key == "scheduler_options":
            fits, what = isinstance(value, dict), "a table"
        else:
            fits, what = isinstance(value, str), "a text"
        if not fits:
            raise ValueError(f"{where} {key}: must be {what}")


def _options(where: str, system: str, table: JobTable) -> dict[str, Any]:
    """Parameters of dask-jobqueue: a worker for each core, or one for a GPU."""
    from dask.utils import parse_bytes

    if table.partition is not None and table.queue is not None:
        raise ValueError(f"{where} partition and queue: are the same; give one of the two")
    try:
        parse_bytes(table.memory)
    except ValueError:
        raise ValueError(f'{where} memory: no size; write it as "4GB"') from None
    given = {
        "cores": table.cores, "memory": table.memory, "walltime": table.walltime,
        "queue": table.partition or table.queue,
    }  # fmt: skip
    options = {key: value for key, value in given.items() if value is not None}
    options |= {"processes": 1 if table.gpus else table.cores} | (table.model_extra or {})
    options["scheduler_options"] = {
        "dashboard_address": ":0",  # one of several commands would find 8787 taken
        **options.get("scheduler_options", {}),
    }
    if table.gpus:
        _add_gpu(where, system, options)
    return options


def _add_gpu(where: str, system: str, options: dict[str, Any]) -> None:
    """Let each job have a GPU."""
    if system == "pbs" and "resource_spec" not in options:
        from dask.utils import parse_bytes
        from dask_jobqueue.pbs import pbs_format_bytes_ceil

        memory = pbs_format_bytes_ceil(parse_bytes(options["memory"]))
        options["resource_spec"] = f"select=1:ncpus={options['cores']}:mem={memory}:ngpus=1"
    elif system in ("slurm", "lsf"):
        line = {"slurm": "--gres=gpu:1", "lsf": '-gpu "num=1"'}[system]
        options["job_extra_directives"] = [*options.get("job_extra_directives", []), line]
    elif not {"resource_spec", "job_extra_directives"} & options.keys():
        raise ValueError(
            f"{where} gpus: how a GPU is requested differs between sites; give its lines by "
            "job_extra_directives, too"
        )


@contextmanager
def cluster_of_jobs(jobs: BatchJobs) -> Iterator[Any]:
    """Context of a cluster of dask-jobqueue, without jobs yet; all jobs end with it.

    Raises
    ------
    ValueError
        If its options do not go together, or this machine cannot submit jobs.
    """
    kind = _kind(jobs.system)
    program = kind.job_cls.submit_command.split()[0]
    if shutil.which(program) is None:
        raise ValueError(
            f"{jobs.file}: {program} is not here; run this where jobs can be submitted"
        )
    quieten()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cluster = kind(**jobs.options, silence_logs=logging.CRITICAL)
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        raise ValueError(f"{jobs.file}: {' '.join(str(error).split())}") from None
    try:
        yield cluster
    finally:
        _forget_failed(cluster)
        # Dask asserts at the very end that jobs which were never submitted have begun.
        with suppress(OSError, TimeoutError, RuntimeError, AssertionError):
            cluster.close(timeout=30)


def submit(cluster: Any, jobs: BatchJobs) -> None:
    """Submit the jobs, and let Dask replace those that end; ValueError if none can be submitted."""

    async def submitted() -> None:
        await cluster

    cluster.scale(jobs=jobs.count)
    cluster.sync(submitted)
    if failed := _forget_failed(cluster):
        try:
            cluster.sync(failed[0].start)  # once more, for its message
        except (OSError, RuntimeError, ValueError) as error:
            reason = next(filter(None, map(str.strip, reversed(str(error).splitlines()))), "")
            if len(failed) == jobs.count:
                raise ValueError(f"{jobs.file}: no job was submitted: {reason}") from None
            those = counted(len(failed), "job")
            warn(f"{jobs.file}: {those} of {jobs.count} not submitted yet: {reason}")
        else:
            cluster.sync(failed[0].close)
    cluster.adapt(minimum_jobs=jobs.count, maximum_jobs=jobs.count, interval=ADAPT)


def _forget_failed(cluster: Any) -> list[Any]:
    """Jobs that could not be submitted, which the cluster could not close, either."""
    failed = {name: job for name, job in cluster.workers.items() if job.job_id is None}
    for name in failed:
        del cluster.workers[name]
        cluster.worker_spec.pop(name, None)
    return list(failed.values())
