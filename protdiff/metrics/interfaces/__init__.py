"""Interfaces of complexes: DockQ, QS-score, interface lDDT, and the chain mapping behind them."""
