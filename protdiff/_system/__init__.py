"""What every room uses of the machine: files that appear whole, and shipped files."""
