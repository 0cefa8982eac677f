"""`python -m rwlib` is the command line."""

import sys

from rwlib.cli import main

sys.exit(main())
