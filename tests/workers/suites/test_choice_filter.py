"""The bound of the harness' table of punctuation leaves no punctuation out."""

import inspect
import sys
import unicodedata

from lm_eval.filters import extraction

from workers.suites.choice_filter import END_OF_PUNCTUATION, bound_punctuation_table


def test_there_is_no_punctuation_beyond_the_bound():
    beyond = range(END_OF_PUNCTUATION, sys.maxunicode + 1)
    assert not any(unicodedata.category(chr(code)).startswith("P") for code in beyond)


def test_the_filter_asks_sys_for_nothing_else():
    bound_punctuation_table()
    source = inspect.getsource(extraction)
    assert source.count("sys.") == source.count("range(sys.maxunicode)") > 0
    assert extraction.sys.maxunicode == END_OF_PUNCTUATION
