"""The contract of a run: events, keys, records, settings and cost; nothing here asks AWS."""
