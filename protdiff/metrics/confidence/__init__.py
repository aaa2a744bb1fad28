"""Confidence of predictions: what their files say, and published scores of interfaces."""
