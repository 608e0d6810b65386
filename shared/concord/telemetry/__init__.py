"""Traces, metrics and logs. None carries personal data: names, numbers, addresses, codes and tokens stay out."""
