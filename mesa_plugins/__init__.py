"""The plugins that ship with the SDK, on the same hook specs as anyone's."""
