"""Tables of conditions: what new chains beside targets meet."""

from __future__ import annotations

from table_cells import cell, markdown, numbers, table


@table
def binders() -> str:
    found = numbers("binders")
    rows = [
        ("hotspots within 8 Å of the new chain (CB-CB)", "{hotspots_within_8:.0%}", ""),
        ("samples with all three", "{all_hotspots_within_8:.0%}", ""),
        ("median and largest distance", "{hotspot_median:.1f}, {hotspot_largest:.1f} Å", ""),
        ("no CA pair under 3.6 Å to the target", "{without_clash:.0%}", ""),
        ("nearest backbone atoms of any sample", "{nearest_atoms:.2f} Å", ""),
        ("CA contacts under 8 Å with the target", "{contacts:.0f}", ""),
        ("CA-CA bonds within 0.1 Å", "{chains.ca_bonds:.1%}", "{free.ca_bonds:.1%}"),
        ("backbone overlaps per 100 residues", "{chains.overlaps:.2f}", "{free.overlaps:.2f}"),
        ("helix (DSSP)", "{chains.dssp_helix:.0%}", "{free.dssp_helix:.0%}"),
        ("strand (DSSP)", "{chains.dssp_strand:.0%}", "{free.dssp_strand:.0%}"),
        ("Rg / 2.2 N^0.38", "{chains.rg_ratio:.2f}", "{free.rg_ratio:.2f}"),
        (
            "seconds per sample, one core",
            "{seconds:.2f}",
            "{free_seconds:.2f}",
        ),
    ]
    title = cell("{samples} chains of 60 to 80 residues", found)
    return markdown(
        [title, "beside a target", "free"],
        [(name, cell(here, found), cell(free, found)) for name, here, free in rows],
    )
