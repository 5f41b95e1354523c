"""Known mistakes: functions that stand in the place of the reference's, and where they make no difference."""
