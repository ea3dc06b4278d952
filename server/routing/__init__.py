"""Which strategy answers a question when the request leaves that to `auto`."""
