"""Ids are types, and UUIDv7: they sort by the time they were made."""

import os
import time
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
AgentTokenId = NewType("AgentTokenId", UUID)
CredentialId = NewType("CredentialId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
EventId = NewType("EventId", UUID)
IntervalId = NewType("IntervalId", UUID)
MachineId = NewType("MachineId", UUID)
NoticeId = NewType("NoticeId", UUID)
OperationId = NewType("OperationId", UUID)
PersonId = NewType("PersonId", UUID)
ProjectId = NewType("ProjectId", UUID)
PushId = NewType("PushId", UUID)
QuestionId = NewType("QuestionId", UUID)
RunId = NewType("RunId", UUID)
TerminalId = NewType("TerminalId", UUID)
WebhookId = NewType("WebhookId", UUID)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = milliseconds << 16 | 0x7 << 12 | random >> 68 & 0xFFF
    low = 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=high << 64 | low)
