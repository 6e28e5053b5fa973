"""The library behind GAN Playground: everything the browser does, the command line and a notebook can do."""

import os

# Threads of one tensor operation wait for each other after every operation. By default they wait by spinning, and when
# anything else wants a core (a browser, the server) each wait costs a time slice: twenty times slower on two busy cores.
# It has to be set before torch loads its OpenMP library.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
