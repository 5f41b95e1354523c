"""The comparison over many machines: an engine that exists places tasks, and our own runner carries each of them out.

What travels are the bytes of `runner.wire`: cases there, answers back. Cases are made, and answers judged, at the head.
"""
