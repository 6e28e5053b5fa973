"""What the pages share: the server's settings and routes, the live view, controls, charts, translations."""
