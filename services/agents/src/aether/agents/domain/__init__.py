"""Rules without a database, a bus or a network."""
