"""Git over HTTP, and git-lfs' batch API: what git's own clients speak, at `/{org}/{repo}.git` beside the API.

It works on the same repositories, keys and large files, and writes under the same locks.
"""
