"""Who may do what: identities, how they are proved, what they may do, and the record of what they did."""
