"""Pictures of a study, one per file: functions of frames onto matplotlib axes."""
