"""One small store of every format that was ever written, and what it must answer for ever."""
