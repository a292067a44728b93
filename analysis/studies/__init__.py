"""What is estimated of order, size, morphology, semantic and linguistic similarity? As records.

From the evidence of a study (`analysis/evidence.py`), by the methods of `analysis/statistics/`, to
be told by `analysis/sections/`.
"""
