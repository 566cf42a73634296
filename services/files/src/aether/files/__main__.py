"""python -m aether.files"""

from aether.files.app import main
from aether.kit.service import run

run(main)
