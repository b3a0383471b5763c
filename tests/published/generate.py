#!/usr/bin/env python3
"""Writes the four histories again: `python3 tests/published/generate.py`. Nothing but Python is needed."""

from pathlib import Path

import drive
import mrp
import safe_steps
import stepping_out

HISTORIES = Path(__file__).parent / "histories"

if __name__ == "__main__":
    for report in (drive, mrp, stepping_out, safe_steps):
        report.history().write(HISTORIES / f"{report.TENANT}.jsonl")
