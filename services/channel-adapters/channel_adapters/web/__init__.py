"""The web channel: the customer's own pages and the applications that ask for her."""
