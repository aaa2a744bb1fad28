"""Help for all of the package: atomic writes, processes, lazy imports, shipped files, version."""
