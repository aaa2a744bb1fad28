"""What every verb of the command line shares."""

import warnings

from protdiff._system.notices import collected, warn
from protdiff.cli.app import show_warnings


def test_a_warning_is_shown_once_as_one_line(capsys):
    with warnings.catch_warnings():
        show_warnings()
        for _ in range(3):
            warn("x.pdb: 2 residues\n without CA")
            with collected():  # which resets the filters of the warnings module
                warn("y.pdb: not shown")
        warn("z.pdb: another")
    assert capsys.readouterr().err == (
        "warning: x.pdb: 2 residues without CA\nwarning: z.pdb: another\n"
    )
