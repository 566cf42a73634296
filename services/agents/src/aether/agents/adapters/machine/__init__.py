"""The connection to each machine that runs: its socket and its way to the broker, the program in it, its files."""
