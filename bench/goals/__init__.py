"""One function a goal: it takes the Run and returns its Line, whether the goal is met or not."""
