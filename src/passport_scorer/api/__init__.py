"""HTTP: routes, wire types, guards, and how errors become answers. No rules."""
