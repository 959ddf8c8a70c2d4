"""Incidents: opened, written into, kept, closed (``log``); told as one line of time (``timeline``) and as a page of
markdown (``export``)."""
