"""python -m aether.agents"""

from aether.agents.app import main
from aether.kit.service import run

run(main)
