"""Lines of PDB files, atom by atom, for tests of a few residues."""

from protdiff.structure.backbone import BACKBONE_ATOMS
from protdiff.structure.io.read_write import read


def atom_line(
    name, x, residue="ALA", number=1, alt=" ", occupancy="  1.00", record="ATOM", chain="A"
):
    return (
        f"{record:<6s}    1  {name:<3s}{alt}{residue:>3s} {chain}{number:4d}    "
        f"{x:8.3f}{0:8.3f}{0:8.3f}{occupancy}  5.00           {name[0]}"
    )


def residue_lines(x, **options):
    """N, CA, C and O on a line, 1 Å apart, starting at x."""
    return [atom_line(name, x + k, **options) for k, name in enumerate(BACKBONE_ATOMS)]


def read_lines(tmp_path, lines, name="x.pdb"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return read(path)
