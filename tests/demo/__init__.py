"""Tests of the demo library, room by room: tune, sound, formats, tags, catalogue, repositories."""
