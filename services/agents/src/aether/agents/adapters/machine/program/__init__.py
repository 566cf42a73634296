"""What runs in a machine: read from here, written there, with the standard library of whatever Python it has."""
