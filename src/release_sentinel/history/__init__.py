"""From kept verdict files to how it has been going: `files` reads, `analysis` counts, `text` and `page` show."""
