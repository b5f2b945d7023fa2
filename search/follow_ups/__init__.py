"""What follows a study: confirmation, ablation, importance, scoring again."""
