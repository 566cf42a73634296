"""Sessions kept by tmux in the machine, spoken to in control mode so that a pane's bytes come whole."""
