"""Learn: lessons with a live lab inside."""

from pages._ui.learn.page import draw

draw()
