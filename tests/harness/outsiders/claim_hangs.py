"""A claim that never ends."""

import time

time.sleep(600)
