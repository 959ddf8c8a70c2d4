"""Seeded League of Legends and Dota 2 series, each with the true probability of its outcome."""
