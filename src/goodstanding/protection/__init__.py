"""Whether somebody who wants something of us is let try: one question, one verdict."""
