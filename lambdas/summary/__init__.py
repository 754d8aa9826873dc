"""The summary function: joins the results of all batches of a run."""
