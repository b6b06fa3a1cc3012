"""Endpoints for partners: score, history, stamp pages, catalogue."""
