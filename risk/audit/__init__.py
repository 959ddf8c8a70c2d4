"""The record of every control, chained so that no link can be changed or taken out unseen."""
