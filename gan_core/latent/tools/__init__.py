"""What can be asked of an explored generator, one file a tool. Importing this registers all of them."""

from gan_core.latent.tools import arithmetic, find, look, project

__all__ = ["arithmetic", "find", "look", "project"]
