"""python -m aether.gateway"""

from aether.gateway.app import main
from aether.kit.service import run

run(main)
