"""The release policy, as a checklist: one concern a file, one sentence a gate."""
