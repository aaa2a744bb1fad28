"""Jobs of batch systems: the table of the file, the script, and a Slurm of two shell scripts."""

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from protdiff.cli._shared.batch_systems import cluster_of_jobs, read_jobs

from ...conftest import ROOT

TABLE = 'jobs = 2\nmemory = "4GB"\nwalltime = "01:30:00"\n'


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a file with a table."""
    monkeypatch.chdir(tmp_path)
    file = Path("jobs.toml")

    def write(text, system="slurm"):
        file.write_text(f"[{system}]\n{text}")
        return file

    return write


def script(jobs, monkeypatch, program):
    """The script of a job, on a machine that has the program."""
    path = Path("bin").absolute()
    path.mkdir(exist_ok=True)
    (path / program).write_text("#!/bin/sh\n")
    (path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    with cluster_of_jobs(jobs) as cluster:
        return cluster.job_script().splitlines()


def test_a_job_of_slurm(table, monkeypatch):
    jobs = read_jobs(
        table(TABLE + 'cores = 4\npartition = "short"\naccount = "x12"\n'
              'job_script_prologue = ["module load cuda"]\nlog_directory = "logs"\n')
    )  # fmt: skip
    assert (jobs.count, jobs.gpus) == (2, 0)
    lines = script(jobs, monkeypatch, "sbatch")
    assert lines[0] == "#!/usr/bin/env bash"
    assert {
        "#SBATCH -p short", "#SBATCH -A x12", "#SBATCH --cpus-per-task=4", "#SBATCH --mem=4G",
        "#SBATCH -t 01:30:00", "#SBATCH -n 1", "module load cuda",
    } <= set(lines)  # fmt: skip
    [command] = [line for line in lines if line.startswith(sys.executable)]
    assert "--nthreads 1" in command and "--nworkers 4" in command  # a process for each core


def test_ctrl_c_stays_what_it_is():
    """In a process of its own: the import of dask-jobqueue would change it, once."""
    code = (
        "import signal; from protdiff.cli._shared.batch_systems import _kind; "
        "before = signal.getsignal(signal.SIGINT); assert _kind('slurm').job_cls; "
        "assert signal.getsignal(signal.SIGINT) is before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("system", "program", "line"),
    [
        ("slurm", "sbatch", "#SBATCH --gres=gpu:1"),
        ("pbs", "qsub", "#PBS -l select=1:ncpus=8:mem=3815MB:ngpus=1"),
        ("lsf", "bsub", '#BSUB -gpu "num=1"'),
    ],
)
def test_a_job_with_a_gpu_has_one_worker(table, monkeypatch, system, program, line):
    jobs = read_jobs(table(TABLE + "gpus = 1\ncores = 8\n", system))
    lines = script(jobs, monkeypatch, program)
    assert jobs.gpus == 1 and line in lines
    [command] = [line for line in lines if line.startswith(sys.executable)]
    assert "--nworkers" not in command


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('memory = "4GB"', "[slurm] jobs: missing; such as jobs = 8"),
        ("jobs = 2", '[slurm] memory: missing; such as memory = "4GB"'),
        (TABLE + "wall_time = 3", "[slurm] wall_time: unknown key; did you mean 'walltime'?"),
        (TABLE + "xyzzy = 3", "[slurm] xyzzy: unknown key"),
        (TABLE + "cores = 2.5", "[slurm] cores: Input should be a valid integer"),
        (TABLE + "gpus = 4", "[slurm] gpus: Input should be 0 or 1"),
        ('jobs = 0\nmemory = "4GB"', "[slurm] jobs: Input should be greater than 0"),
        ('jobs = 1\nmemory = "much"', '[slurm] memory: no size; write it as "4GB"'),
        (TABLE + "account = 7", "[slurm] account: must be a text"),
        (TABLE + 'nanny = "no"', "[slurm] nanny: must be true or false"),
        (TABLE + "processes = 0", "[slurm] processes: must be a number above 0"),
        (TABLE + 'job_extra_directives = "-x"', "job_extra_directives: must be a list of texts"),
        (TABLE + 'scheduler_options = "x"', "[slurm] scheduler_options: must be a table"),
        (TABLE + 'queue = "a"\npartition = "b"', "[slurm] partition and queue: are the same"),
        ("jobs = ", "jobs.toml: not a TOML file"),
    ],
)
def test_a_bad_table(table, text, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_jobs(table(text))


@pytest.mark.parametrize("text", ["", "[slum]\njobs = 1", "[slurm]\n[pbs]\n", "slurm = 1"])
def test_a_file_without_one_table_of_a_batch_system(tmp_path, text):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ValueError, match=re.escape("must have one table, [slurm], [pbs], [sge]")):
        read_jobs(tmp_path / "x.toml")


def test_a_gpu_of_a_system_without_a_usual_way(table):
    with pytest.raises(ValueError, match=r"\[sge\] gpus: how a GPU is requested differs"):
        read_jobs(table(TABLE + "gpus = 1\n", "sge"))
    read_jobs(table(TABLE + 'gpus = 1\njob_extra_directives = ["-l gpu=1"]\n', "sge"))


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder of programs that submit and cancel: a job is a process of this machine."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "sbatch": f'cp "$1" {programs}/script.$$; echo "$$" >> {programs}/submitted\n'
        f"setsid bash {programs}/script.$$ > {programs}/log.$$ 2>&1 &\n"
        'echo "Submitted batch job $!"',
        "scancel": f'echo "$1" >> {programs}/cancelled\nkill -- "-$1"',
    }.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return programs


@pytest.mark.skipif(sys.platform != "linux", reason="setsid, /proc")
def test_a_command_with_jobs_of_slurm(console, designs, table, slurm, monkeypatch):
    """Two jobs are submitted, do the work, and have ended with the command."""
    monkeypatch.setattr("protdiff._system.cluster_units.PATIENCE", float("inf"))
    table(TABLE + 'scheduler_options = {host = "127.0.0.1"}\n')
    expected = console("score", designs, "--out", "one.csv")
    assert expected[0] == 0
    code, _, err = console("score", designs, "--out", "two.csv", "--cluster", "jobs.toml")
    assert (code, err) == (0, "")
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()
    lines = {name: (slurm / name).read_text().split() for name in ("submitted", "cancelled")}
    assert len(lines["submitted"]) == len(lines["cancelled"]) == 2
    for job in lines["cancelled"]:
        end = time.monotonic() + 30
        while Path(f"/proc/{job}/cmdline").exists() and Path(f"/proc/{job}/cmdline").read_bytes():
            assert time.monotonic() < end, "a job goes on"
            time.sleep(0.05)


def test_what_the_batch_system_says_is_one_line(console, designs, table, slurm, monkeypatch):
    table(TABLE + 'scheduler_options = {host = "127.0.0.1"}\n')
    (slurm / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: no such partition' >&2; exit 1")
    code, out, err = console("score", designs, "--out", "a.csv", "--cluster", "jobs.toml")
    assert (code, out) == (2, "")
    said = "no job was submitted: sbatch: error: no such partition"
    assert err == f"protdiff: jobs.toml: {said}\n"
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # there may be a Slurm here
    code, out, err = console("score", designs, "--out", "a.csv", "--cluster", "jobs.toml")
    said = "sbatch is not here; run this where jobs can be submitted"
    assert (code, out, err) == (2, "", f"protdiff: jobs.toml: {said}\n")
    assert not Path("a.csv").exists()
