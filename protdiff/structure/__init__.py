"""Backbones: coordinates and names, geometry, secondary structure, files."""
