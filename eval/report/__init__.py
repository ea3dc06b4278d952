"""Reports: scored runs in; one HTML file, Markdown, JSON and a table of scores out. May import the rest of eval."""
