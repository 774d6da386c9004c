"""Bytes to messages and back, sans-IO: one package per wire protocol."""
