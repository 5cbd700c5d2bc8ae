"""An endpoint that went away during a run: noticed, waited for, and looked into."""
