"""python -m aether.machines"""

from aether.kit.service import run
from aether.machines.app import main

if __name__ == "__main__":
    run(main)
