"""Nothing here is a test: these are programs that the tests read."""

collect_ignore_glob = ["*"]
