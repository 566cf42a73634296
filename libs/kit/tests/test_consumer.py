"""Each event has its effect once, in order for one key, and what cannot be handled is put aside."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
from aether.contracts.event import consumed_by
from aether.contracts.ids import ProjectId, new_id
from aether.contracts.machines import MachineStarted
from aether.contracts.problem import Unavailable
from aether.contracts.service import Service
from aether.kit import consumer, trace
from aether.kit.consumer import Ear
from aether.kit.dead_letter import DeadLetters
from aether.kit.postgres import DatabaseAway
from aether.testkit.eventually import eventually
from nats.js.api import Header
