"""The history of kept verdict files: `files` reads them, `analysis` counts, `text` and `page` show."""
