"""The version of what clustering makes, apart from the release that people install."""

# Raised by one with any change after which the same input and parameters make other bytes, or mean something else:
# a default, a polygon, a column of the frame or of the clustered file, the search. Finished files of another output
# version are made again, those of another release are not. `python -m tests.support.golden_outputs` then records the
# bytes of the golden files anew.
OUTPUT_VERSION = 1
