"""`crosscheck bench`: what an iteration costs, against its peers and against what the machine can do.

Every contestant lives in a process of its own, on the same arrays, with the same number of threads; they take turns,
A B C A B C ..., and only one computes at a time. Every figure is a ratio within one run, formed round by round.
"""
