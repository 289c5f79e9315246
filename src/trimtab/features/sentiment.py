"""Sentiment: the mood of posts and headlines, aged and windowed, as known by each decision."""

from __future__ import annotations
