"""Git, through pygit2: the only package that touches a repository's objects and refs.

It knows repositories by their paths and nothing of HTTP, keys or organizations.
"""
