"""The commands a person types, one file each."""
