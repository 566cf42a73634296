"""A hand in each machine: a program that is sent there over SSH, and what asks it here."""
