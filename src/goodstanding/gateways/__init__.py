"""Gateways: those who take the money, each behind one small protocol. Nobody imports an adapter; ask the registry."""
