"""For other test suites: the conformance suite, and the pytest plugin."""
