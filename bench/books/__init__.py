"""Books that balance: the ledger's identity, differences put into a stack's rows, rebuilds and kills."""
