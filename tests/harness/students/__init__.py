"""Solutions as learners write them: right ones, wrong ones, and ones in trouble."""
