"""An aether somewhere else, as the commands have it: whom to ask, how, and what a refusal means."""
