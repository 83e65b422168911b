"""What `python -m mesa_transports.recorded` does: `check`, `show` and `convert`, a module each."""
