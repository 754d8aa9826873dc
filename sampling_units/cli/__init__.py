"""The command ``kmeans``: one module or folder for each of its subcommands."""
