"""Real servers, a fake clock and honest fakes for tests. Never shipped."""
