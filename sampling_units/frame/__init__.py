"""The sampling frame: its columns, declared once, and how it is written, read and joined."""
