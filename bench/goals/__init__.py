"""One function per goal. It takes the Run and returns a Line, whether the goal is met or not."""
