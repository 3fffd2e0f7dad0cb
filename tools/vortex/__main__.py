"""Starts vortex from its folder: python3 tools/vortex."""
import os
import sys

if sys.version_info < (3, 9):
    sys.exit("vortex needs Python 3.9 or newer")
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from vortex.main import main  # noqa: E402  (the path has to be set first)

sys.exit(main())
