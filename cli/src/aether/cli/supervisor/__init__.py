"""Every part of aether as a process of its own: started in order, watched, restarted, stopped in order."""
