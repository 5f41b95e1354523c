"""For other test suites: a pytest plugin with the fixture `crosscheck`, and the conformance suite of an implementation.

pytest --pyargs crosscheck.testing.conformance --impl mine
"""
