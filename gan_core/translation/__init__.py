"""Image-to-image translation: pix2pix learns from pairs, CycleGAN from two heaps of pictures."""
