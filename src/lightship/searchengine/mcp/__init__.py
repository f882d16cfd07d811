"""The Model Context Protocol: tools by which agents search, read and ask why."""
