"""How a service of aether lives: its bus, its database, its settings, its telemetry and its SSH."""
