"""The command line `concord` (design: pages §8); its entry is `concord.cli.main:run`."""
