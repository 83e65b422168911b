"""The version, in one place: the build reads it from here, and the User-Agent says it."""

__version__ = "0.1.0"
