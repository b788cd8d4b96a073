"""The page: its built files, its dashboards, and the addresses that other tools link to."""
