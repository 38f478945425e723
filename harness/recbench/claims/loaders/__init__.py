"""Loaders of published data and splits that are files on disk, not downloads."""
