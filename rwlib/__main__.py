"""`python -m rwlib` is the command line."""

import sys

from rwlib.commands.main import main

sys.exit(main())
