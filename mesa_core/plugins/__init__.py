"""The plugins of a client, and those that are installed: `python -m mesa_core.plugins` lists them."""

from mesa_core.plugins.facade import PluginInfo, Plugins

__all__ = ["PluginInfo", "Plugins"]
