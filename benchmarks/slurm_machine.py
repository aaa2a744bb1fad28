"""A real Slurm on this machine alone, with a folder of its own: for `slurm.py`.

It needs the programs of Debian's `slurm-wlm` and `munge`, which run as the user who starts them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Programs that must be there.
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
#: Cores that Slurm believes in, so that some jobs run side by side on any machine.
CORES = 4
#: Seconds until the machine is up, or a job has begun.
PATIENCE = 60

CONFIGURATION = """
ClusterName=one
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={port}
SlurmdPort={next_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=16000
PartitionName=short Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Programs that are not on the path."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def asked(*words: str) -> str:
    """What a program of Slurm prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def slurm_machine(port: int = 16817) -> Iterator[Path]:
    """Context in which `sbatch` and the others speak to a Slurm of this machine; its folder."""
    from getpass import getuser

    if names := missing():
        raise SystemExit(f"not on the path: {', '.join(names)}; apt install slurm-wlm munge")
    with tempfile.TemporaryDirectory(prefix="slurm") as name:
        folder = Path(name)
        folder.chmod(0o711)  # munge refuses a socket that others cannot reach
        for part in ("munge", "state", "spool"):
            (folder / part).mkdir(mode=0o711)
        text = CONFIGURATION.format(
            host=os.uname().nodename, user=getuser(), folder=folder, port=port,
            next_port=port + 1, cores=CORES,
        )  # fmt: skip
        (folder / "slurm.conf").write_text(text)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        running = [subprocess.Popen(words) for words in _daemons(folder)]
        try:
            _wait_until_up()
            yield folder
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()
            del os.environ["SLURM_CONF"]


def _daemons(folder: Path) -> list[list[str]]:
    """Commands of the programs that make a machine of Slurm, in the foreground."""
    own = folder / "munge"
    (own / "key").write_bytes(secrets.token_bytes(128))
    (own / "key").chmod(0o600)
    places = [f"--{part}-file={own / part}" for part in ("key", "pid", "log", "seed")]
    return [
        ["munged", "--foreground", "--force", f"--socket={own / 'socket'}", *places],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    ]


def _wait_until_up() -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True
        )
        if state.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    raise SystemExit(f"Slurm is not up: {state.stdout.strip() or state.stderr.strip()}")
