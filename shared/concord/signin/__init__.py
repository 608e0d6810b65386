"""Who is asking: a local issuer of tokens, their verification, and the tokens services get for themselves (api §1)."""
