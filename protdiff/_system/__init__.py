"""What every room uses of the machine: files that appear whole, processes, and shipped files."""
