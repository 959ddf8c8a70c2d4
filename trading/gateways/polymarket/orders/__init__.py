"""Our orders as the venue has them: followed by every word it says, looked for when it says none."""
