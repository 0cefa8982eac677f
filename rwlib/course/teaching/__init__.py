"""What a teacher needs, made from the notebooks' sources: plans, mistakes to expect, a question bank, slides."""
