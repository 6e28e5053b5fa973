"""Dirac-GAN: the smallest game that shows why training fails to converge.   Mescheder, Geiger & Nowozin 2018, arXiv:1801.04406.

One real point lies at 0, the generator is one point θ, and the critic a line D(x) = ψx + b whose slope is all it can learn. b is the border of the
loss, between what it takes for real and for generated: with it the equilibrium is (θ, ψ) = (0, 0) for every loss, also where the border is not 0.
"""
