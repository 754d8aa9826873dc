"""Log messages that metric filters of CloudWatch count."""

# Logged by the summary function with the counts of the run in extra fields, which a metric filter adds up.
RUN_FINISHED = "run finished"
