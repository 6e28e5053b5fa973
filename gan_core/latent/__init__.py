"""Latent space: ways through it, directions in it, what is where. Everything works on latents (…, dim) as a generator takes them."""
