"""A study as people look at it: frames, figures, pages, reports, one wording for all of them."""
