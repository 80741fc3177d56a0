"""A bad line: what modems, cables and careless programs do to packets. For drills, tests and the fuzz benchmark."""

from __future__ import annotations

import random


def mutated(frame: bytes, chooser: random.Random) -> bytes:
    """The frame with one to six changes: flipped bits, other bytes, bytes too many, too few, twice, cut, glued."""
    made = bytearray(frame)
    for _ in range(chooser.randint(1, 6)):
        at = chooser.randrange(len(made)) if made else 0
        match chooser.randrange(7):
            case 0 if made:
                made[at] ^= 1 << chooser.randrange(8)
            case 1 if made:
                made[at] = chooser.randrange(256)
            case 2:
                made[at:at] = chooser.randbytes(chooser.randint(1, 5))
            case 3:
                del made[at : at + chooser.randint(1, 8)]
            case 4:
                made[at:at] = made[at : at + 30]
            case 5:
                del made[at:]
            case _:
                made += frame[: chooser.randrange(len(frame))]
    return bytes(made)
