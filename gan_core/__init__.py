"""The library behind GAN Playground: everything the browser does, the command line and a notebook can do."""

import os

# Threads of one tensor operation wait for each other after every operation. By default OpenMP lets them spin for long, and
# when anything else wants a core (a browser, the server) each wait costs a time slice: twenty times slower on two busy cores.
# A short spin loses nothing on free cores and little on busy ones. It has to be set before torch loads its OpenMP library.
if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
    os.environ["GOMP_SPINCOUNT"] = "30000"
