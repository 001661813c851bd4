"""Gate packs: found, proven, judged."""
