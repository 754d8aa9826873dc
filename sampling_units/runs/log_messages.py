"""Log messages that metric filters of CloudWatch count."""

# The summary function, with the counts of the run beside it: a metric filter adds them up.
RUN_FINISHED = "run finished"
