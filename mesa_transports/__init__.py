"""The transports that ship with the SDK, one module each, imported only when a client uses it."""
