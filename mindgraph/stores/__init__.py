"""The door to graph stores: one Protocol, one adapter a way to keep a property graph."""

from __future__ import annotations
