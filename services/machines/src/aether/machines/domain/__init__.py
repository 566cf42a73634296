"""States and rules of projects and machines. Pure: no database, no bus, no clock of its own."""
