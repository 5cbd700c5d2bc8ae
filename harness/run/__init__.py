"""One run from options to bundle: configuration, plan, target, checks, journal, evidence."""
