"""python -m aether.terminal"""

from aether.kit.service import run
from aether.terminal.app import main

run(main)
