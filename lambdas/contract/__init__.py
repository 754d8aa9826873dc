"""The run contract: event shapes, parameters, object keys, results and errors, each defined once.

The state machine, the handlers, the command line and the tests all take them from here.
"""
