"""Projects, their machines and volumes, the SSH authority and the run intervals that are billed."""
