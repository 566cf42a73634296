"""Paths, ranges, kinds of content, the journal, uploads: rules without a machine and without a database."""
