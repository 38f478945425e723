"""The conformance kit, and fixtures for third parties."""
