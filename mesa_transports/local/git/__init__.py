"""Git, through pygit2: the only package that touches a repository's objects and refs.

It knows repositories by their paths, and nothing of requests, keys or organizations; it says no with the
Depot's refusals.
"""
