"""Who may come in and do what: people, tokens, log-ins, and the bound on guessing."""
