"""From a ready ticket to a merged and deployed change: journal, specification, loop, report, merge, deploy."""
