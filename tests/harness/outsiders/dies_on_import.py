"""Takes the whole process with it while it is imported."""

import os

os._exit(7)
