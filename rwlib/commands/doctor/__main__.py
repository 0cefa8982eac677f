"""`python -m rwlib.commands.doctor` is `rwlib doctor` where even the command line cannot start."""

import sys

from rwlib.commands.doctor import Doctor
from rwlib.commands.terminal import guarded

sys.exit(guarded(Doctor().run))
