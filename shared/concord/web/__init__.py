"""What all HTTP interfaces have in common (api §1): problems, sign-in, strict bodies, view tokens, lists, ETags."""
