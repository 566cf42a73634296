"""The files service: what is in a machine's project folder, read, written, watched, searched and compared."""
