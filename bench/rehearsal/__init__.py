"""The dress rehearsal, proven: sessions, faults and kills, judged by the simulated venue's own books."""
