"""Postgres and NATS out of their wheels, their secrets and their ports: what a host need not have."""
